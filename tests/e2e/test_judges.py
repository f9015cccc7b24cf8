"""A guard model as a judge of a running server: a policy's rules on its verdict and its kinds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import httpx
import orjson
import pytest
from threegate.settings import JudgeSettings

from tests.e2e.support.running import Running, proxy
from tests.scripted_upstream import ScriptedUpstream
from tests.service.records import events
from tests.serving import serve
from tests.waiting import PATIENCE_S, eventually

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
    level: high
    tests: {match: ["x"], no_match: ["y"]}
    review_by: 2027-06-30
  - id: judged.any
    title: {zh: 其他, en: Anything}
    owner: trust
    why: [house.business]
    layer: output
    where: [content]
    detect: {any: [judge.guard]}
    then: {block: {}}
    tests: {match: ["x"], no_match: ["y"]}
    review_by: 2027-06-30
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, ScriptedUpstream]]:
    root: Path = tmp_path_factory.mktemp("judged")
    (root / "policies" / "packs").mkdir(parents=True)
    (root / "policies" / "packs" / "judged.yaml").write_text(PACK, "utf-8")
    model = ScriptedUpstream()
    with serve(model.app) as url:
        judge = JudgeSettings("guard", url, "qwen", format="qwen3guard")
        with proxy(root / "var", root / "policies", packs=("judged",), judges=(judge,)) as made:
            yield made, model


def verdict(said: str | None) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": said}}
    return orjson.dumps({"choices": [choice]})


def check(
    running: Running, model: ScriptedUpstream, said: str | None, **body: object
) -> dict[str, object]:
    model.play([verdict(said)], media_type="application/json")
    reply = httpx.post(f"{running.url}/v1/guard/check", json=body)
    assert reply.status_code == 200, reply.text
    made: dict[str, object] = reply.json()
    return made


@pytest.mark.parametrize(
    ("said", "action", "text"),
    [
        ("Safety: Unsafe\nCategories: Violent", "block", "one"),
        ("Safety: Unsafe\nCategories: PII", "allow", "two"),
        ("Safety: Controversial\nCategories: Violent", "allow", "three"),  # below the rule's level
        ("Safety: Safe\nCategories: None", "allow", "four"),
        ("As an AI I cannot judge that.", "block", "five"),  # a failure: the rule's on_error
        (None, "block", "six"),
    ],
)
def test_a_rule_acts_on_a_kind_of_the_judge(
    judged: tuple[Running, ScriptedUpstream], said: str | None, action: str, text: str
) -> None:
    running, model = judged
    got = check(running, model, said, texts=[text])
    assert got["action"] == action
    (event,) = events(running, str(got["id"]))
    ruled = event["decisions"][0].get("ruled", [])
    assert [r["detector"] for r in ruled] == (["judge_guard"] if action == "block" else [])


def test_a_rule_acts_on_whatever_the_judge_calls_bad(
    judged: tuple[Running, ScriptedUpstream],
) -> None:
    running, model = judged
    said = "Safety: Unsafe\nCategories: PII\nRefusal: No"
    got = check(running, model, said, stage="output", texts=["A sentence of an answer."])
    assert got["action"] == "block"
    kinds = {f["kind"] for f in got["findings"]}  # type: ignore[attr-defined]
    assert kinds == {"judge.guard.hazard.privacy", "judge.guard.compliance.harmful"}


def test_a_late_verdict_ends_a_stream_whose_model_is_silent(
    judged: tuple[Running, ScriptedUpstream],
) -> None:
    """The client gets the end of the body at once, and the model API's connection is closed."""
    running, judge = judged
    said = b"".join(chunk(text) for text in ("One sentence. ", "Another one. ", "And"))
    running.demo.play([said, b""], go_on=Event())
    judge.play([verdict("Safety: Safe\nCategories: None")], media_type="application/json")
    for _ in range(3):
        late = [b"", verdict("Safety: Unsafe\nCategories: PII")]
        judge.play(late, media_type="application/json", pause=0.2)
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
    left = running.demo.aborted
    reply = httpx.post(f"{running.url}/v1/chat/completions", json=body, timeout=PATIENCE_S)
    assert "content_filter" in reply.text
    assert "Another" not in reply.text
    assert reply.text.endswith("data: [DONE]\n\n")
    assert eventually(lambda: running.demo.aborted == left + 1)


def chunk(text: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return b"data: " + orjson.dumps({"id": "c", "choices": [choice]}) + b"\n\n"
