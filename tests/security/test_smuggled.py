"""Values at places where nobody looks for text: of a request none reaches the model API, of an
answer none reaches the client."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from tests.e2e.support.running import Running
from tests.security.conftest import Watched

PHONE, CARD = "13812345678", "4111111111111111"
CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
MODEL = {"model": "deepseek-r1"}


def chat(**more: Any) -> dict[str, Any]:
    return {**MODEL, "messages": [{"role": "user", "content": "hi"}], **more}


def said(content: Any) -> dict[str, Any]:
    return chat(messages=[{"role": "user", "content": content}])


def part(**fields: Any) -> dict[str, Any]:
    return said([{"type": "text", "text": "hi", **fields}])


def file(data: bytes, head: str = "data:text/plain") -> dict[str, Any]:
    url = f"{head};base64,{base64.b64encode(data).decode()}"
    return said([{"type": "file", "file": {"file_data": url}}])


def nested(text: str) -> str:
    """As JSON of JSON of JSON that escapes all it can."""
    inner = '{"手机": "' + "".join(f"\\u{ord(c):04x}" for c in text) + '"}'
    return json.dumps({"result": json.dumps({"text": inner})})


def tool(**schema: Any) -> dict[str, Any]:
    made = {"name": "f", "parameters": {"type": "object", "properties": schema}}
    return chat(tools=[{"type": "function", "function": made}])


def messages(**block: Any) -> dict[str, Any]:
    return {**MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": [block]}]}


def history(text: str, **more: Any) -> dict[str, Any]:
    told = {"type": "output_text", "text": text, **more}
    item = {"type": "message", "role": "assistant", "content": [told]}
    return {**MODEL, "input": [item, {"role": "user", "content": "hi"}]}


ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "a text like a file with a zero byte": (CHAT, said(f"data:,%00 手机 {PHONE}")),
    "a text like a file with an odd byte": (CHAT, said(f"data:,%FF mobile {PHONE}")),
    "the head of a text like a file": (CHAT, said(f"data: mobile {PHONE};base64,/+8=")),
    "the same in messages": (MESSAGES, messages(type="text", text=f"data:,%00 mobile {PHONE}")),
    "the same in responses": (RESPONSES, {**MODEL, "input": f"data:,%00 mobile {PHONE}"}),
    "a file with a zero byte": (CHAT, file(f"\0 mobile {PHONE}".encode())),
    "a file in GBK": (CHAT, file(f"手机号 {PHONE}".encode("gbk"), "data:text/plain;charset=gbk")),
    "a file in UTF-16": (CHAT, file(f"手机号 {PHONE}".encode("utf-16"))),
    "a card that is base64 too": (CHAT, part(data=CARD)),
    "JSON in JSON in a tool's result": (
        CHAT,
        chat(messages=[{"role": "tool", "tool_call_id": "c", "content": nested(PHONE)}]),
    ),
    "the name of metadata": (CHAT, chat(metadata={f"mobile {PHONE}": "x"})),
    "the name of a property": (CHAT, tool(**{f"手机{PHONE}": {"type": "string"}})),
    "the name of a field of a turn": (
        CHAT,
        chat(messages=[{"role": "user", "content": "hi", f"手机{PHONE}": 1}]),
    ),
    "a number in a schema": (CHAT, tool(mobile={"const": int(PHONE)})),
    "a number in metadata": (CHAT, chat(metadata={"mobile": float(PHONE)})),
    "the format of a schema": (CHAT, tool(mobile={"type": "string", "format": PHONE})),
    "the id of a part": (CHAT, part(id=PHONE)),
    "log probabilities of a request": (CHAT, part(logprobs={"x": f"mobile {PHONE}"})),
    "log probabilities of the history": (
        RESPONSES,
        history(f"mobile {PHONE}", logprobs=[{"token": PHONE[:5]}, {"token": PHONE[5:]}]),
    ),
    "a signature": (CHAT, part(signature=f"mobile {PHONE}")),
    "encrypted content": (CHAT, part(encrypted_content=f"mobile {PHONE}")),
    "beside redacted thinking": (
        MESSAGES,
        messages(type="redacted_thinking", data="AAAA", text=f"mobile {PHONE}"),
    ),
    "redacted thinking in words": (
        MESSAGES,
        messages(type="redacted_thinking", data=f"mobile {PHONE}"),
    ),
}


def texts_of(data: bytes) -> str:
    """A body, what its files say, and its tokens joined."""
    text = json.dumps(json.loads(data), ensure_ascii=False)
    raw = [base64.b64decode(f.split('"')[0]) for f in text.split("base64,")[1:] if '"' in f]
    files = [f.decode(name, "replace") for f in raw for name in ("gbk", "utf-16")]
    tokens = "".join(x.split('"')[0] for x in text.split('"token": "')[1:])
    return "\n".join((text, tokens, *files))


@pytest.mark.parametrize("case", ASKED)
def test_no_value_passes_unmasked(guarded: Running, watched: Watched, case: str) -> None:
    path, body = ASKED[case]
    watched.seen.clear()
    assert httpx.post(guarded.url + path, json=body, timeout=60).status_code == 200
    ((_, _, _, data),) = watched.seen
    assert PHONE not in texts_of(data)
    assert "u0031" not in texts_of(data)


SECRET = "sk-4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e"
TOLD = f"data:,%00 the key is {SECRET}"
BROKEN_OFF = '{"key": "' + SECRET.replace("sk", "\\u0073\\u006b")
ANSWERS: dict[str, tuple[str, dict[str, Any]]] = {
    "reasoning": (CHAT, {"choices": [{"message": {"content": "ok", "reasoning_content": TOLD}}]}),
    "a block": (MESSAGES, {"content": [{"type": "text", "text": TOLD}]}),
    "an item": (RESPONSES, {"output": [{"content": [{"type": "output_text", "text": TOLD}]}]}),
    "arguments that break off": (
        CHAT,
        {
            "choices": [
                {"message": {"tool_calls": [{"function": {"name": "f", "arguments": BROKEN_OFF}}]}}
            ]
        },
    ),
}


SAID = f"the key is {SECRET}"
ANSWERS |= {
    "text beside a message": (CHAT, {"choices": [{"message": {"content": "ok"}, "text": SAID}]}),
    "a delta beside a message": (
        CHAT,
        {"choices": [{"message": {"content": "ok"}, "delta": {"content": SAID}}]},
    ),
    "a reason in words": (CHAT, {"choices": [{"message": {}, "finish_reason": SAID}]}),
    "a reason that is an object": (
        CHAT,
        {"choices": [{"message": {}, "stop_reason": {"x": SAID}}]},
    ),
    "a reason in messages": (MESSAGES, {"content": [], "stop_reason": SAID}),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_no_key_comes_back(guarded: Running, watched: Watched, case: str) -> None:
    path, answer = ANSWERS[case]
    asked = {
        CHAT: chat(),
        MESSAGES: messages(type="text", text="hi"),
        RESPONSES: {**MODEL, "input": "hi"},
    }
    watched.demo.play([json.dumps(answer).encode()], media_type="application/json")
    response = httpx.post(guarded.url + path, json=asked[path], timeout=60)
    assert response.status_code == 200
    assert "secret removed" in response.text
    assert SECRET[3:] not in response.text


def test_no_key_comes_back_in_log_probabilities(guarded: Running, watched: Watched) -> None:
    """They repeat nothing of the text, so they are left out."""
    part = {"type": "output_text", "text": "ok", "logprobs": [SAID]}
    answer = {"output": [{"content": [part]}]}
    watched.demo.play([json.dumps(answer).encode()], media_type="application/json")
    body = {**MODEL, "input": "hi"}
    response = httpx.post(guarded.url + RESPONSES, json=body, timeout=60)
    assert response.json()["output"][0]["content"] == [part | {"logprobs": []}]


def event(delta: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, **more}]}


def custom(**fields: Any) -> dict[str, Any]:
    return event({"tool_calls": [{"index": 0, "type": "custom", "custom": fields}]})


HEAD, TAIL = SAID[:24], SAID[24:]
END = event({}, finish_reason="stop")
STREAMS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "text beside a delta": (CHAT, [event({"content": "ok"}, text=SAID), END]),
    "all that has been said, beside each piece": (
        CHAT,
        [
            event({"content": HEAD}, message={"role": "assistant", "content": HEAD}),
            event({"content": TAIL}, message={"role": "assistant", "content": SAID}),
            END,
        ],
    ),
    "the input of a custom tool": (
        CHAT,
        [custom(name="f", input=HEAD), custom(input=TAIL), END],
    ),
    "a reason in words": (CHAT, [event({"content": "ok"}, finish_reason=SAID)]),
    "a reason in messages": (
        MESSAGES,
        [{"type": "message_delta", "delta": {"stop_reason": SAID}}, {"type": "message_stop"}],
    ),
    "an event that nobody knows": (
        MESSAGES,
        [{"type": "novel", "delta": {"text": SAID}}, {"type": "message_stop"}],
    ),
    "a field of an event that has none": (
        MESSAGES,
        [{"type": "ping", "content_block": {"text": SAID}}, {"type": "message_stop"}],
    ),
}


@pytest.mark.parametrize("case", STREAMS)
def test_no_key_comes_back_in_a_stream(guarded: Running, watched: Watched, case: str) -> None:
    path, frames = STREAMS[case]
    asked = {CHAT: chat(), MESSAGES: messages(type="text", text="hi")}
    watched.demo.play([f"data: {json.dumps(frame)}\n\n".encode() for frame in frames])
    response = httpx.post(guarded.url + path, json=asked[path] | {"stream": True}, timeout=60)
    assert response.status_code == 200
    assert "secret removed" in response.text
    assert not {HEAD[11:], TAIL} & set(response.text.split('"'))
    assert SECRET not in response.text


def test_no_key_comes_back_beside_the_data(guarded: Running, watched: Watched) -> None:
    """In comments, and in names and ids of events."""
    frame = json.dumps(event({"content": "ok"})).encode()
    said, end = SAID.encode(), f"data: {json.dumps(END)}\n\ndata: [DONE]\n\n".encode()
    beside = b": %b\n\nevent: %b\nid: %b\ndata: %b\n\nevent: %b\nid: %b\n\n"
    watched.demo.play([beside % (said, said, said, frame, said, said), end])
    body = chat() | {"stream": True}
    text = httpx.post(guarded.url + CHAT, json=body, timeout=60).text
    assert SECRET not in text
    assert text.startswith(": keep-alive")
    assert '"content":"ok"' in text
    assert "[DONE]" in text
