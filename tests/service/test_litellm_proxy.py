"""The real LiteLLM proxy with this guard as its guardrail, on both sides, and as its Presidio.

`scripts/litellm` installs it into a folder of its own and runs these tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.support.running import Running
from tests.service.conversations import CONVERSATIONS, agrees, checked, through_proxy
from tests.service.litellm import NEEDED, LiteLlmProxy, litellm_proxy
from tests.service.records import events, last_events

pytestmark = NEEDED
MOBILE, KEY = "13917352846", "sk-proj-" + "a1B2c3D4" * 6
PLACEHOLDER = re.compile(r"\[MOBILE_[A-Z]+\]")
REMOVED = (
    ("[密钥已删除]", "[secret removed]"),
    ("[个人信息已删除]", "[personal data removed]"),
)


@pytest.fixture(scope="module")
def litellm(served: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiteLlmProxy]:
    with litellm_proxy(served, tmp_path_factory.mktemp("litellm")) as made:
        yield made


def said(reply: httpx.Response) -> str:
    assert reply.status_code == 200, reply.text
    return str(reply.json()["choices"][0]["message"]["content"])


def test_values_are_masked_for_the_model_and_come_back(litellm: LiteLlmProxy) -> None:
    litellm.ask(f"Ring {MOBILE}.", litellm_trace_id="t-1")
    (placeholder,) = PLACEHOLDER.findall(litellm.seen)
    assert MOBILE not in litellm.seen
    litellm.play(f"I rang {placeholder}.")
    assert said(litellm.ask(f"Ring {MOBILE}.", litellm_trace_id="t-1")) == f"I rang {MOBILE}."


def test_a_stopped_request_never_reaches_the_model(litellm: LiteLlmProxy) -> None:
    before = len(litellm.guard.demo.received)
    reply = litellm.ask("我不想活了")
    assert reply.status_code == 400
    assert "400" in reply.json()["error"]["code"]
    assert len(litellm.guard.demo.received) == before
    event = last_events(litellm.guard, "litellm")[-1]
    assert (event["stage"], event["action"]) == ("blocked", "answer")


def test_answers_are_edited(litellm: LiteLlmProxy) -> None:
    litellm.play(f"The key is {KEY}.")
    assert said(litellm.ask("hello")) == "The key is [secret removed]."


def streamed(reply: httpx.Response) -> str:
    assert reply.status_code == 200, reply.text
    lines = [line[6:] for line in reply.text.splitlines() if line.startswith("data: {")]
    deltas = [c["delta"] for line in lines for c in json.loads(line).get("choices", ())]
    return "".join(d.get("content") or "" for d in deltas)


def test_streams_are_edited_and_nothing_leaves_early(litellm: LiteLlmProxy) -> None:
    answer = f"Here you are, as you wished: the key is {KEY}, and that is all of it."
    litellm.play(answer, stream=True)
    reply = litellm.ask("hello", stream=True)
    assert KEY[:12] not in reply.text
    assert streamed(reply) == answer.replace(KEY, "[secret removed]")


def test_values_come_back_in_streams(litellm: LiteLlmProxy) -> None:
    litellm.ask(f"Ring {MOBILE}.", litellm_trace_id="t-2")
    (placeholder,) = PLACEHOLDER.findall(litellm.seen)
    litellm.play(f"I rang {placeholder} and they are well.", stream=True)
    reply = litellm.ask(f"Ring {MOBILE}.", litellm_trace_id="t-2", stream=True)
    assert streamed(reply) == f"I rang {MOBILE} and they are well."


@pytest.mark.parametrize("hook", ["presidio", "presidio-restoring"])
def test_its_presidio_hook_finds_and_masks_by_our_places(litellm: LiteLlmProxy, hook: str) -> None:
    reply = litellm.ask(f"我的手机号是{MOBILE}，请记住。", hook)
    assert reply.status_code == 200, reply.text
    assert re.fullmatch(r"我的手机号是<PHONE_NUMBER\w*>，请记住。", litellm.seen)
    event = [e for e in last_events(litellm.guard, "presidio") if "masked" in e][-1]
    assert event["masked"] == ["pii.cn.mobile"]
    assert len(events(litellm.guard, event["request"])) == 1


def test_its_presidio_hook_lets_nothing_pass_that_was_not_analyzed(litellm: LiteLlmProxy) -> None:
    """It takes an error status for "nothing found": here recognizers of its own are refused."""
    before = len(litellm.guard.demo.received)
    assert litellm.ask(f"Ring {MOBILE}.", "presidio-refused").status_code == 500
    assert len(litellm.guard.demo.received) == before


@pytest.mark.parametrize("messages", CONVERSATIONS, ids=["zh", "en"])
def test_it_agrees_with_the_proxy_on_the_same_conversation(
    litellm: LiteLlmProxy, messages: list[dict[str, str]]
) -> None:
    """Equal verdicts, equal masks; its records are one of the request and one of the answer.
    LiteLLM hands over the answer alone, so words in place of what was removed are in its language."""
    proxied = through_proxy(litellm.guard, messages, "same")
    proxied["got"] = proxied["got"].replace(*REMOVED[0]).replace(*REMOVED[1])
    litellm.play(proxied["said"])
    reply = litellm.post(messages, litellm_trace_id="same")
    sent = litellm.guard.demo.received[-1].body["messages"]
    found = last_events(litellm.guard, "litellm")[-2:]
    agrees(checked(sent, reply.json()["choices"][0]["message"], found), proxied)
