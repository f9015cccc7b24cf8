"""A larger model judges claims in the path: the shipped models find the evidence and a first
verdict, a scripted judge another one, and client, record and explanation show the judge's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import pytest
from threegate.cli.explain import lines
from threegate.errors import ThreegateError
from threegate.parts import opened
from threegate.settings import JudgeSettings, Settings, UpstreamSettings

from tests.e2e.support.running import Running, proxy
from tests.e2e.test_models import answer, ask, both, verdicts
from tests.e2e.test_second_opinions import script
from tests.scripted_upstream import ScriptedUpstream
from tests.service.records import last_events
from tests.serving import serve

PACK = """\
pack: facts
title: {zh: 事实, en: Facts}
version: '1'
audit: {level: metadata}
rules:
  - id: facts.out
    title: {zh: 事实核查, en: Fact check}
    owner: quality
    why: [house.business]
    layer: output
    where: [content]
    detect: {claims: {sources: [context]}}
    then: {on_contradicted: annotate, on_unsupported: flag, on_no_source: allow}
    second_opinion: {ask: judge.r1, levels: [low, medium, high], deadline_ms: 60000}
    tests:
      match: [{text: 'The plan costs two euros.', sources: ['The plan costs one euro.']}]
      no_match: [{text: 'The plan costs one euro.', sources: ['The plan costs one euro.']}]
    review_by: 2027-06-30
"""
CASES = {
    "zh": (
        "李娜担任首席技术官，负责产品研发；张伟担任首席执行官，负责融资和市场。",
        "李娜负责融资和市场。",
    ),
    "en": (
        "Carter moved to Toronto, where he leads a research group on batteries. "
        "Lopez's own work concerns the recycling of plastics.",
        "Lopez leads a research group on batteries.",
    ),
}
languages = pytest.mark.parametrize("language", CASES)


@dataclass
class Checked:
    running: Running
    judge: ScriptedUpstream


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checked]:
    root: Path = tmp_path_factory.mktemp("facts")
    (root / "policies/packs").mkdir(parents=True)
    (root / "policies/packs/facts.yaml").write_text(PACK, "utf-8")
    judge = ScriptedUpstream()
    with serve(judge.app) as url:
        judges = (JudgeSettings("r1", url, "r1", format="claims", timeout_s=60),)
        given = {"packs": ("facts",), "judges": judges, "classifiers": "required"}
        with proxy(root / "var", root / "policies", **given) as running:
            yield Checked(running, judge)


@both
@languages
def test_the_judges_verdict_reaches_client_record_and_explanation(
    checked: Checked, language: str, stream: bool
) -> None:
    source, claim = CASES[language]
    answer(checked.running, claim, stream=stream)
    script(checked.judge, "<think>Somebody else does.</think>contradicted")
    reply = ask(checked.running, "谁？/ Who?", stream=stream, context=[source, f"{stream}"])
    assert verdicts(reply, stream=stream) == ["contradicted"]
    asked = orjson.loads(checked.judge.received[-1].body["messages"][1]["content"])
    assert (asked["claim"], asked["sources"][0]) == (claim, source)
    event = last_events(checked.running, "chat")[-1]
    (ruled,) = (r for d in event["decisions"] for r in d["ruled"])
    assert (ruled["kind"], ruled["opinion"]["outcome"]) == ("claim.contradicted", "replaced")
    assert ruled["opinion"]["replaced"]["kind"] == "claim.supported"
    english = "\n".join(lines(event | {"ts": "now"}, {}, "en"))
    assert "second opinion judge.r1: changed" in english
    assert "first verdict supported claim" in english
    assert "第二意见 judge.r1: 已改判" in "\n".join(lines(event | {"ts": "now"}, {}, "zh"))


def test_a_judge_that_does_not_answer_leaves_the_first_verdict(checked: Checked) -> None:
    source, claim = CASES["en"]
    answer(checked.running, claim, stream=False)
    script(checked.judge, "I cannot tell.")
    reply = ask(checked.running, "Who, then?", context=[source])
    assert verdicts(reply, stream=False) == ["supported"]
    event = last_events(checked.running, "chat")[-1]
    assert event["degraded"] == ["judge.r1:error"]


async def test_the_proxy_does_not_start_with_a_judge_that_cannot_judge_claims(
    tmp_path: Path,
) -> None:
    """And says so before it opens any model, which takes seconds: here there is none."""
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs/facts.yaml").write_text(PACK, "utf-8")
    judges = (JudgeSettings("r1", "http://127.0.0.1:9", "m", format="qwen3guard"),)
    settings = Settings(
        var=tmp_path / "var",
        policies=tmp_path,
        models=tmp_path / "models",
        upstreams=(UpstreamSettings("http://127.0.0.1:9"),),
        packs=("facts",),
        judges=judges,
        classifiers="required",
    )
    with pytest.raises(ThreegateError, match=r"judge\.r1\.claim\.supported"):
        async with opened(settings):
            pass


def test_the_check_service_shows_it_too(checked: Checked) -> None:
    source, claim = CASES["zh"]
    script(checked.judge, "contradicted")
    turns = [{"role": "user", "content": "谁？"}, {"role": "assistant", "content": claim}]
    body = {"stage": "output", "messages": turns, "sources": [source]}
    got = httpx.post(f"{checked.running.url}/v1/guard/check", json=body, timeout=60).json()
    assert [c["verdict"] for c in got["claims"]] == ["contradicted"]


def test_the_check_service_shows_the_first_verdict_where_the_judge_does_not_answer(
    checked: Checked,
) -> None:
    source, claim = CASES["zh"]
    script(checked.judge, "我无法判断。")
    turns = [{"role": "user", "content": "谁呀？"}, {"role": "assistant", "content": claim}]
    body = {"stage": "output", "messages": turns, "sources": [source]}
    got = httpx.post(f"{checked.running.url}/v1/guard/check", json=body, timeout=60).json()
    assert [c["verdict"] for c in got["claims"]] == ["supported"]
