"""Second opinions of a running server: a scripted judge decides what the first reader is unsure of,
in requests and in streamed answers, and record, explanation, console and metrics say so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from threegate.cli.explain import lines
from threegate.settings import JudgeSettings

from tests.console.conftest import PASSWORD, opened_site
from tests.console.test_browser import quick_in
from tests.console.views.test_guided import form_of
from tests.e2e.support.running import Running, proxy
from tests.scripted_upstream import ScriptedUpstream
from tests.service.records import events, last_events
from tests.serving import serve

RULE = """
  - id: {id}
    title: {{zh: 可疑, en: Doubtful}}
    owner: trust
    why: [house.business]
    layer: {layer}
    where: [{where}]
    detect: {{any: [{kind}]}}
    level: low
    then: {{block: {{}}}}
    second_opinion: {{ask: judge.large, {more}}}
    message: {{zh: 已停止。, en: Stopped.}}
    tests: {{match: [中, a], no_match: [文, b]}}
    review_by: 2027-06-30
"""
PACK = """\
pack: doubt
title: {zh: 第二意见, en: Second opinion}
version: '1'
audit: {level: metadata}
detectors:
  unsure: {regex: 'zebra', level: low, examples: {match: [zebra], no_match: [horse]}}
  sure: {regex: 'unicorn', level: high, examples: {match: [unicorn], no_match: [horse]}}
  late: {regex: 'tortoise', level: low, examples: {match: [tortoise], no_match: [horse]}}
rules:""" + "".join(
    RULE.format(id=f"doubt.{name}", layer=layer, where=where, kind=kind, more=more)
    for name, layer, where, kind, more in (
        ("input", "input", "user", "pattern.unsure, pattern.sure", "deadline_ms: 60000"),
        ("late", "input", "user", "pattern.late", "deadline_ms: 30, on_timeout: flag"),
        ("output", "output", "content", "judge.small", "deadline_ms: 60000"),
    )
)
UNSAFE = "Safety: Unsafe\nCategories: Violent"
SAFE = "Safety: Safe\nCategories: None"
UNSURE = "Safety: Controversial\nCategories: Violent"


@dataclass
class Judged:
    """A server with a small judge that reads answers first and a large one that is asked."""

    running: Running
    small: ScriptedUpstream
    large: ScriptedUpstream

    def check(self, text: str, *answers: str, **more: object) -> dict[str, Any]:
        """The result of a check; the large judge has `answers` to give."""
        self.large.received.clear()
        script(self.large, *answers)
        reply = httpx.post(
            f"{self.running.url}/v1/guard/check", json={"texts": [text]} | more, timeout=120
        )
        assert reply.status_code == 200, reply.text
        made: dict[str, Any] = reply.json()
        return made

    def opinion(self, got: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The event of a check and the opinion of its only ruling."""
        (event,) = events(self.running, got["id"])
        (ruled,) = event["decisions"][0]["ruled"]
        return event, ruled["opinion"]


def script(model: ScriptedUpstream, *answers: str) -> None:
    for content in answers:
        choice = {"index": 0, "message": {"role": "assistant", "content": content}}
        model.play([orjson.dumps({"choices": [choice]})], media_type="application/json")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    root: Path = tmp_path_factory.mktemp("doubt")
    (root / "policies" / "packs").mkdir(parents=True)
    (root / "policies" / "packs" / "doubt.yaml").write_text(PACK, "utf-8")
    small, large = ScriptedUpstream(), ScriptedUpstream()
    with serve(small.app) as one, serve(large.app) as two:
        judges = (
            JudgeSettings("small", one, "q", format="qwen3guard", timeout_s=60),
            JudgeSettings("large", two, "q", format="qwen3guard", timeout_s=60),
        )
        with proxy(root / "var", root / "policies", packs=("doubt",), judges=judges) as made:
            yield Judged(made, small, large)


def test_the_judge_is_asked_only_where_the_first_reader_is_unsure(judged: Judged) -> None:
    assert judged.check("a horse")["action"] == "allow"
    assert judged.check("a unicorn")["action"] == "block"
    assert not judged.large.received
    assert judged.check("a zebra", UNSAFE)["action"] == "block"
    assert judged.check("one zebra", SAFE)["action"] == "allow"
    assert len(judged.large.received) == 1


def test_a_refusing_judge_dismisses_nothing(judged: Judged) -> None:
    got = judged.check("refused zebra", "I am sorry, but I cannot help with that.")
    assert got["action"] == "block"
    event, opinion = judged.opinion(got)
    assert opinion["outcome"] == "error"
    assert "score" not in opinion
    assert event["degraded"] == ["judge.large:error"]


def test_record_explanation_and_metrics_name_the_judge_and_both_scores(judged: Judged) -> None:
    text = "the zebra of the record"
    assert judged.check(text, SAFE)["action"] == "allow"
    got = judged.check(text)  # known by now
    event, opinion = judged.opinion(got)
    assert event["decisions"][0]["ruled"][0]["score"] == 1.0
    assert opinion | {"ms": 0} == {
        "asked": "judge.large", "cached": True, "ms": 0, "outcome": "dismissed", "score": 0,
    }  # fmt: skip
    english = "\n".join(lines(event | {"ts": "now"}, {}, "en"))
    chinese = "\n".join(lines(event | {"ts": "now"}, {}, "zh"))
    assert "second opinion judge.large: dismissed 0, cached" in english
    assert "第二意见 judge.large: 已否定 0, 取自缓存" in chinese
    metrics = httpx.get(f"{judged.running.url}/metrics").text
    named = 'judge="judge.large",outcome="dismissed",rule="doubt.input"'
    assert f"threegate_second_opinions_total{{{named}}}" in metrics
    assert "threegate_second_opinion_calls_total" in metrics


def test_an_answer_of_a_model_is_held_until_the_judge_has_answered(judged: Judged) -> None:
    for answer, said in ((SAFE, True), (UNSAFE, False)):
        judged.large.received.clear()
        script(judged.small, f"{UNSURE}\nRefusal: No")
        script(judged.large, f"{answer}\nRefusal: No")
        sentence = f"An answer that is {'fine' if said else 'bad'}."
        body = {
            "model": "deepseek-r1",
            "stream": True,
            "messages": [{"role": "user", "content": f'say exactly "{sentence}"'}],
        }
        events_ = orjson.dumps(
            {"choices": [{"index": 0, "delta": {"content": sentence}, "finish_reason": "stop"}]}
        )
        judged.running.demo.play([b"data: " + events_ + b"\n\ndata: [DONE]\n\n"])
        url = f"{judged.running.url}/v1/chat/completions"
        assert (sentence in httpx.post(url, json=body, timeout=120).text) is said
        assert len(judged.large.received) == 1
        event = last_events(judged.running, "chat")[-1]
        opinions = [r["opinion"]["outcome"] for d in event["decisions"] for r in d["ruled"]]
        assert opinions == ["dismissed" if said else "confirmed"]


def test_a_late_judge_leaves_the_decision_to_the_policy(judged: Judged) -> None:
    """Last, for the judge hangs from here on."""
    judged.large.play([b""], hang=True)
    got = judged.check("a tortoise")
    assert got["action"] == "flag"
    event, opinion = judged.opinion(got)
    assert opinion["outcome"] == "timeout"
    assert event["degraded"] == ["judge.large:timeout"]


@pytest.mark.skipif(not os.environ.get("THREEGATE_TEST_CHROMIUM", ""), reason="needs Chromium")
@pytest.mark.parametrize("language", quick_in("zh-CN"))
def test_a_reviewer_and_an_editor_read_the_opinion(judged: Judged, language: str) -> None:
    """On the record's page, with who was asked; and on the page that tries a text."""
    from tests.console.browser import browser

    site = opened_site(judged.running)
    got = judged.check(f"a zebra in {language}", UNSAFE)
    with browser(site.url, language) as page:
        site.who("reviewer", "editor", name="ann")
        page.log_in("ann", PASSWORD)
        page.go(f"/audit/record/{got['id']}")
        said = ("第二意见：已确认", "second opinion: confirmed")[language == "en-US"]
        assert said in page.text
        assert "judge.large" in page.one("[title*='judge.large']").get_attribute("title")
        page.shot("opinion-record")
        script(judged.large, SAFE)
        page.go("/policies/try")
        page.fill("[name=text]", f"another zebra in {language}")
        page.press("main form button")
        dismissed = ("第二意见：已否定", "second opinion: dismissed")[language == "en-US"]
        assert dismissed in page.text
        page.shot("opinion-try")
        assert page.complaints() == []


def test_a_second_opinion_without_yaml(judged: Judged) -> None:
    """From the form to a call about which the judge is asked. A judge that is not connected is
    refused when the draft is submitted."""
    site = opened_site(judged.running)
    editor = site.who("editor", name="wang", group="trust")
    rule = editor.post("/policies/new.json", data={"template": "", "pack": "doubt"}).json()["rule"]
    page = f"/policies/rule/{rule}/form.json"
    shown = editor.get(page).json()
    assert [(j["id"], j["here"]) for j in shown["judges"]][:2] == [
        ("judge.large", True),
        ("judge.large.compliance.harmful", True),
    ]
    form = form_of(shown["fields"]) | {
        "title_zh": "斑马", "title_en": "Quaggas", "why.house.business": "on", "mode": "enforce",
        "words": "quagga", "action": "block", "match": "quagga\n见到quagga", "no_match": "horse\n马",
        "message_zh": "已停止。", "message_en": "Stopped.", "level": "low",
        "opinion_ask": "judge.elsewhere", "opinion_level.high": "on", "opinion_seconds": "60",
    }  # fmt: skip
    assert editor.post(page, data=form).json()["good"]
    why = {"untested": "the tests of this pack are no texts"}
    refused = editor.post("/policies/draft/submit.json", data=why)
    assert (refused.status_code, "judge.elsewhere" in refused.text) == (409, True)
    assert editor.post(page, data=form | {"opinion_ask": "judge.large"}).json()["good"]
    version = editor.post("/policies/draft/submit.json", data=why).json()["digest"]
    approver = site.who("approver", name="li", group="legal")
    assert "judge.large" in approver.get(f"/policies/version/{version}").text
    for verb in ("approve", "activate"):
        answer = approver.post(f"/policies/version/{version}/{verb}.json", data=why)
        assert answer.status_code == 200, answer.text
    site.reload()
    assert judged.check("a quagga", SAFE)["action"] == "allow"
    assert judged.check("one quagga", UNSAFE)["action"] == "block"
