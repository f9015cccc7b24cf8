"""`POST /v1/guard/check` of a real server with the shipped base policy."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from threegate.types import Action

from tests.e2e.support.running import Running
from tests.service.records import events

MOBILE, KEY = "13812345678", "sk-proj-" + "a1B2c3D4" * 6
TEXT = f"My mobile is {MOBILE}, write to me."


def check(served: Running, **body: Any) -> dict[str, Any]:
    reply = httpx.post(f"{served.url}/v1/guard/check", json=body)
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-threegate-request-id"] == reply.json()["id"]
    made: dict[str, Any] = reply.json()
    return made


def test_a_request_is_masked_and_leaves_one_record(served: Running) -> None:
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": TEXT}]
    got = check(served, messages=messages, conversation="one", subject="u-1")
    assert (got["allowed"], got["action"]) == (True, "mask")
    assert got["messages"][0] == messages[0]
    assert MOBILE not in str(got["messages"])
    (found,) = [f for f in got["findings"] if f["action"] == "mask"]
    assert found["kind"] == "pii.cn.mobile"
    assert TEXT[found["start"] : found["end"]] == MOBILE
    assert found["at"] == {"layer": "input", "channel": "user", "message": 1, "part": "/content"}
    (event,) = events(served, got["id"])
    assert (event["stage"], event["endpoint"], event["action"]) == ("completed", "guard", "mask")
    assert event["masked"] == ["pii.cn.mobile"]
    assert [d["layer"] for d in event["decisions"]] == ["input"]
    assert MOBILE not in str(event)


@pytest.mark.parametrize("by", ["conversation and messages", "masks"])
def test_what_the_input_stage_masked_comes_back_in_a_later_check(served: Running, by: str) -> None:
    asked = {"role": "user", "content": TEXT}
    first = check(served, messages=[asked], conversation="later")
    placeholder = first["messages"][0]["content"].split()[3].rstrip(",")
    said = f"I wrote to {placeholder.lower()}."
    if by == "masks":
        second = check(served, stage="output", texts=[said], masks=first["masks"])
        assert second["texts"] == [f"I wrote to {MOBILE}."]
    else:
        answer = {"role": "assistant", "content": said}
        second = check(served, stage="output", messages=[asked, answer], conversation="later")
        assert second["answer"] == {"role": "assistant", "content": f"I wrote to {MOBILE}."}
        assert second["messages"] is None
    assert second["conversation"] == first["conversation"]
    (event,) = events(served, second["id"])
    assert [d["layer"] for d in event["decisions"]] == ["output"]


def test_masks_of_another_conversation_mean_nothing(served: Running) -> None:
    first = check(served, texts=[TEXT], conversation="a")
    second = check(served, texts=[TEXT], conversation="b")
    assert first["texts"] != second["texts"]
    said = first["texts"][0]
    assert check(served, stage="output", texts=[said], masks=second["masks"])["texts"] == [said]


@pytest.mark.parametrize("sealed", ["", "x", "m1.AAAA", "m1." + "A" * 64])
def test_masks_that_nobody_sealed_are_refused(served: Running, sealed: str) -> None:
    reply = httpx.post(
        f"{served.url}/v1/guard/check",
        json={"stage": "output", "texts": ["hi"], "masks": sealed or "m1."},
    )
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_masks")


@pytest.mark.parametrize("stage", ["input", "both"])
def test_a_stopped_request_gives_the_reply_and_no_text(served: Running, stage: str) -> None:
    messages = [{"role": "user", "content": "我不想活了"}, {"role": "assistant", "content": "hi"}]
    got = check(served, messages=messages[: 1 if stage == "input" else 2], stage=stage)
    assert (got["allowed"], got["action"]) == (False, "answer")
    assert (got["rule_id"], got["masks"]) == ("base.harm.self_harm", None)
    assert got["reply"]
    assert not got["messages"]
    assert not got["answer"]
    (event,) = events(served, got["id"])
    assert (event["stage"], event["action"]) == ("blocked", "answer")
    assert [d["id"] for d in event["decisions"]] == [got["decision_id"]]


def test_both_stages_in_one_check_are_one_record_with_two_decisions(served: Running) -> None:
    messages = [
        {"role": "user", "content": TEXT},
        {"role": "assistant", "content": f"The key is {KEY}."},
    ]
    got = check(served, stage="both", messages=messages)
    assert MOBILE not in str(got["messages"])
    assert KEY not in str(got["answer"])
    (event,) = events(served, got["id"])
    assert [d["layer"] for d in event["decisions"]] == ["input", "output"]


@pytest.mark.parametrize("channel", ["content", "reasoning", "tool_arguments"])
def test_answers_are_judged_on_their_channel(served: Running, channel: str) -> None:
    text = f'{{"key": "{KEY}"}}'
    got = check(served, stage="output", texts=[text, "nothing"], channel=channel)
    assert KEY not in str(got["texts"])
    assert got["texts"][1] == "nothing"
    places = {(f["at"]["channel"], f["at"]["choice"]) for f in got["findings"]}
    assert places == {(channel, 0)}


def test_sources_are_retrieved_text(served: Running) -> None:
    got = check(served, texts=["hello"], sources=[{"id": "page", "text": TEXT}, "plain"])
    places = [f["at"] for f in got["findings"] if f["kind"] == "pii.cn.mobile"]
    assert places == [{"layer": "input", "channel": "tool_result", "source": "page"}]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "nothing_to_check"),
        ({"stage": "output", "messages": [{"role": "user", "content": "hi"}]}, "nothing_to_check"),
        ({"stage": "both", "texts": ["hi"]}, "nothing_to_check"),
        ({"stage": "sideways", "texts": ["hi"]}, "invalid_request"),
        ({"texts": "hi"}, "invalid_request"),
        ({"texts": ["hi"], "policy": "another"}, "no_policy"),
    ],
)
def test_what_cannot_be_checked_is_refused_and_recorded(
    served: Running, body: dict[str, Any], code: str
) -> None:
    reply = httpx.post(f"{served.url}/v1/guard/check", json=body, headers={"accept-language": "zh"})
    assert reply.json()["error"]["code"] == code
    assert reply.status_code == (403 if code == "no_policy" else 400)
    assert any("\u4e00" <= c <= "\u9fff" for c in reply.json()["error"]["message"])
    (event,) = events(served, reply.headers["x-threegate-request-id"])
    assert (event["stage"], event["error"]) == ("aborted", code)


def test_a_policy_that_is_bound_can_be_named(served: Running) -> None:
    name = check(served, texts=["hi"])["policy"].partition("@")[0]
    assert check(served, texts=["hi"], policy=name)["action"] == Action.ALLOW.name.lower()


def test_the_metrics_count_checks_like_calls(served: Running) -> None:
    check(served, texts=[TEXT])
    metrics = httpx.get(f"{served.url}/metrics").text
    assert 'threegate_requests_total{api="guard",outcome="completed"}' in metrics
    assert 'rule="base.pii.mobile"' in metrics


def test_every_example_of_the_document_is_taken(served: Running) -> None:
    paths = httpx.get(f"{served.url}/openapi.json").json()["paths"]
    content = paths["/v1/guard/check"]["post"]["requestBody"]["content"]["application/json"]
    assert len(content["examples"]) == 4
    for example in content["examples"].values():
        assert check(served, **example["value"])["id"]
