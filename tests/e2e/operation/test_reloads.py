"""Policies change under load, broken files among them: no failed request, none under two versions.

Version A takes ALPHA out of questions and GAMMA out of answers, version B takes BETA and DELTA; the
model repeats the question. So the words that are missing tell which version each layer ran under.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from threegate.policy.facade import check
from threegate.policy.language.load import DictTree
from threegate.policy.language.problems import Severity

from tests.e2e.support.running import Running, proxy
from tests.e2e.test_policy import content
from tests.waiting import eventually

WORDS = ("ALPHA", "BETA", "GAMMA", "DELTA")
TAKEN = {"A": {"ALPHA", "GAMMA"}, "B": {"BETA", "DELTA"}}
QUESTION = "[demo: pause=0.01] please say " + " and ".join(f"{w}-1 again" for w in WORDS)
LOAD = 3

RULE = """\
  - id: {layer}.take
    title: {{zh: 删除, en: Take out}}
    owner: test
    why: [house.business]
    layer: {layer}
    where: [{where}]
    detect: {{any: [pattern.{name}]}}
    then: redact
    tests: {{match: ['{word}-1'], no_match: ['go']}}
    review_by: 2027-06-30
"""
DETECTOR = (
    "  {name}: {{regex: '{word}-\\d', examples: {{match: [{word}-1], no_match: [{word}]}}}}\n"
)


def version(name: str) -> str:
    first, last = (w for w in WORDS if w in TAKEN[name])
    rules = [("input", "user", first), ("output", "content", last)]
    text = f"pack: reloads\ntitle: {{zh: 版本, en: Version {name}}}\nversion: '{name}'\nrules:\n"
    for layer, where, word in rules:
        text += RULE.format(layer=layer, where=where, name=word.lower(), word=word)
    named = (DETECTOR.format(name=w.lower(), word=w) for w in (first, last))
    return text + "detectors:\n" + "".join(named)


BROKEN = (
    b"",
    b"\x00\xff not a policy",
    version("A")[:400].encode(),
    version("B").replace("why: [house.business]", "why: [no.such.reason]").encode(),
    (version("A") + "rules: []\n").encode(),
    b"a: &a [*a]\n",
    b"[" * 5_000,
)


@dataclass
class Load:
    """Requests without a pause from a few threads, until told to stop."""

    running: Running
    replies: list[httpx.Response] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def on(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._run, args=(n % 2 == 0,)) for n in range(LOAD)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(60)

    def _run(self, stream: bool) -> None:
        body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": QUESTION}]}
        with httpx.Client(base_url=self.running.url, timeout=120) as client:
            while not self._stop.is_set():
                try:
                    path = "/v1/chat/completions"
                    self.replies.append(client.post(path, json={**body, "stream": stream}))
                except httpx.HTTPError as error:
                    self.errors.append(type(error).__name__)


def taken(reply: httpx.Response) -> set[str]:
    return set(WORDS) - set(re.findall(r"(\w+)-1 again", content(reply)))


@pytest.mark.parametrize("reloads", [20, pytest.param(1_000, marks=pytest.mark.slow)])
def test_no_request_fails_and_each_has_one_version(tmp_path: Path, reloads: int) -> None:
    root = tmp_path / "policies"
    pack = root / "packs" / "reloads.yaml"
    pack.parent.mkdir(parents=True)
    pack.write_text(version("A"), "utf-8")
    with proxy(tmp_path / "var", root, packs=("reloads",), reload_s=0.01) as running:
        load = Load(running)
        with load.on():
            for text in changes(reloads):
                reloaded(running.deps.policies, pack, text)
    assert load.errors == []
    assert {r.status_code for r in load.replies} == {200}
    names = {f"reloads@{digest(n)[:12]}": n for n in TAKEN}
    versions = [names[r.headers["x-threegate-policy"]] for r in load.replies]
    assert [taken(r) for r in load.replies] == [TAKEN[v] for v in versions]
    print(f"\nreloads: {reloads}, requests: {len(versions)}, by version: {Counter(versions)}")
    assert set(versions) == {"A", "B"}


def changes(reloads: int) -> Iterator[bytes]:
    """Broken, B, broken, A, broken, B …"""
    good = itertools.cycle((version("B").encode(), version("A").encode()))
    broken = itertools.cycle(BROKEN)
    for number in range(reloads):
        yield next(good if number % 2 else broken)


def reloaded(policies: Any, pack: Path, text: bytes) -> None:
    """Written over the file in use; returns when the proxy has taken it up or refused it."""
    before = policies.pin().digest
    pack.write_bytes(text)
    if text in BROKEN:
        assert eventually(lambda: any(p.severity is Severity.ERROR for p in policies.problems))
        assert policies.pin().digest == before
    else:
        assert eventually(lambda: policies.pin().digest != before)


def digest(name: str) -> str:
    tree = DictTree({"packs/reloads.yaml": version(name).encode()})
    return check(tree, ["reloads"]).policies.digest
