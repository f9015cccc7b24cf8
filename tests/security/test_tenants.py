"""Tenants behind one proxy and one policy: what one of them sends tells the others nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import orjson
import pytest
from threegate.gateway.access.auth import KeyFile
from threegate.settings import JudgeSettings

from tests.e2e.support.running import Running, proxy
from tests.scripted_upstream import ScriptedUpstream
from tests.security import raw
from tests.serving import serve
from tests.waiting import eventually

PACK = """\
pack: judged
title: {zh: 评判, en: Judged}
version: '1'
audit: {level: metadata}
rules:
  - id: judged.violence
    title: {zh: 暴力, en: Violence}
    owner: trust
    why: [house.business]
    layer: input
    where: [user]
    detect: {any: [judge.guard.hazard.violence]}
    then: {block: {}}
    tests: {match: ["x"], no_match: ["y"]}
    review_by: 2027-06-30
  - id: judged.mail
    title: {zh: 邮箱, en: Mail}
    owner: trust
    why: [house.business]
    layer: input
    where: [user]
    detect: {any: [pii.email]}
    then: {block: {}}
    second_opinion: {ask: judge.guard, levels: [low, medium, high]}
    tests: {match: ["x"], no_match: ["y"]}
    review_by: 2027-06-30
"""
SAFE = orjson.dumps(
    {"choices": [{"index": 0, "message": {"content": "Safety: Safe\nCategories: None"}}]}
)


@pytest.fixture(scope="module")
def judged(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, list[str], ScriptedUpstream]]:
    """A server, the keys of two tenants and one more of the first, and the judge behind it."""
    root: Path = tmp_path_factory.mktemp("judged")
    (root / "policies" / "packs").mkdir(parents=True)
    (root / "policies" / "packs" / "judged.yaml").write_text(PACK, "utf-8")
    model = ScriptedUpstream()
    with serve(model.app) as url:
        judge = JudgeSettings("guard", url, "qwen", format="qwen3guard")
        given = {"packs": ("judged",), "judges": (judge,), "keys": "required"}
        with proxy(root / "var", root / "policies", **given) as made:
            keys = KeyFile(made.deps.settings.key_file)
            secrets = [keys.add(tenant)[1] for tenant in ("bank-1", "bank-2", "bank-1")]
            yield made.url, secrets, model


@pytest.mark.parametrize(
    ("text", "asked"),
    [("The branch in Kiel closes in May.", 1), ("Write to li@corp.cn about it.", 2)],
    ids=["verdict", "second opinion"],
)
def test_a_text_that_another_tenant_sent_is_judged_as_if_it_were_new(
    judged: tuple[str, list[str], ScriptedUpstream], text: str, asked: int
) -> None:
    """A verdict that is kept is there at once: its time would tell that the text has been here."""
    url, keys, model = judged
    calls = []
    for key in keys:
        model.received.clear()
        for _ in range(asked):
            model.play([SAFE], media_type="application/json")
        headers = {"authorization": f"Bearer {key}"}
        body = {"messages": [{"role": "user", "content": text}]}
        reply = httpx.post(f"{url}/v1/guard/check", json=body, headers=headers, timeout=60)
        assert reply.status_code == 200, reply.text
        calls.append(len(model.received))
    assert calls == [asked, asked, 0]


def test_bodies_that_one_tenant_does_not_send_leave_room_for_others(tmp_path: Path) -> None:
    with proxy(tmp_path, keys="required", max_calls=4) as made, ExitStack() as slow:
        keys = KeyFile(made.deps.settings.key_file)
        theirs, mine = [keys.add(tenant)[1] for tenant in ("bank-1", "bank-2")]
        body = raw.chat("hi")
        head = raw.request(headers=raw.sized(body, f"Authorization: Bearer {theirs}"))
        for _ in range(8):
            slow.enter_context(raw.waiting(made, head + body[:1]))
        assert eventually(lambda: _open(made) + _refused(made) == 8)
        headers = {"authorization": f"Bearer {mine}"}
        reply = httpx.post(f"{made.url}{raw.CHAT}", content=body, headers=headers, timeout=60)
        assert reply.status_code == 200


def _open(running: Running) -> int:
    return running.deps.admission._open


def _refused(running: Running) -> float:
    samples = [s for m in running.deps.metrics.errors.collect() for s in m.samples]
    return sum(
        s.value for s in samples if s.labels["status"] == "503" and s.name.endswith("_total")
    )
