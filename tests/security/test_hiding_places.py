"""Where values hid that no rule looked at: headers, seeds, ids and names of answers; and answers and
requests of odd forms."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import httpx
import pytest

from tests.e2e.support.fidelity import PATHS, request
from tests.e2e.support.running import Running
from tests.security.conftest import Watched
from tests.security.raw import exchange

PHONE = "13912345678"
SECRET = "sk-4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e"
CHAT = PATHS["chat"]


@pytest.mark.parametrize(
    "name",
    ["openai-organization", "openai-project", "anthropic-beta", "accept", "accept-language"],
)
def test_no_number_in_a_forwarded_header(guarded: Running, watched: Watched, name: str) -> None:
    watched.seen.clear()
    for value in (f"my mobile {PHONE}", PHONE, f"x-{PHONE}"):
        httpx.post(guarded.url + CHAT, json=request("chat"), headers={name: value}, timeout=60)
    assert PHONE not in str([headers for _, _, headers, _ in watched.seen])
    assert len(watched.seen) == 3


def test_headers_of_the_usual_form_go_on(guarded: Running, watched: Watched) -> None:
    given = {
        "openai-organization": "org-Ab3dE6",
        "anthropic-beta": "prompt-caching-2024-07-31,claude-code-20250219",
        "anthropic-version": "2023-06-01",
        "accept-language": "zh-CN,zh;q=0.9",
    }
    httpx.post(guarded.url + CHAT, json=request("chat"), headers=given, timeout=60)
    assert given.items() <= watched.seen[-1][2].items()


@pytest.mark.parametrize(("seed", "same"), [(42, True), (2**31 - 1, True), (int(PHONE), False)])
def test_a_seed_is_a_seed_and_no_number_of_somebody(
    guarded: Running, watched: Watched, seed: int, same: bool
) -> None:
    watched.seen.clear()
    httpx.post(guarded.url + CHAT, json=request("chat") | {"seed": seed}, timeout=60)
    assert all((str(seed) in data.decode()) is same for _, _, _, data in watched.seen)


NAMED: dict[str, tuple[str, dict[str, Any]]] = {
    "telephone": ("chat", {"metadata": {f"phone{PHONE}": "x"}}),
    "mobile": ("responses", {"metadata": {f"mob_{PHONE}": "x"}}),
    "metadata": ("chat", {"metadata": {SECRET: "x"}}),
    "weights": ("chat", {"logit_bias": {SECRET: 1}}),
    "environment": ("responses", {"input": [{"type": "shell_call", "env": {SECRET: "x"}}]}),
    "example": ("messages", {"tools": [{"name": "f", "input_examples": [{"id": SECRET}]}]}),
}


@pytest.mark.parametrize("case", NAMED)
def test_no_secret_in_names_of_fields(guarded: Running, watched: Watched, case: str) -> None:
    api, more = NAMED[case]
    watched.seen.clear()
    httpx.post(guarded.url + PATHS[api], json=request(api) | more, timeout=60)
    assert len(watched.seen) == 1
    assert SECRET not in str(watched.seen)
    assert PHONE not in str(watched.seen)


ROW = {"id": SECRET, "model": PHONE, "type": "AKIAQYLPMN5HHHFPZAM2", "status": {"role": SECRET}}
CALLED = [
    {"type": "function_call", "call_id": "call_9", "name": "f", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "call_9", "output": ROW},
]
USED = {"type": "tool_result", "tool_use_id": "toolu_9", "content": [{"type": "text", **ROW}]}
PARTS = [{"text": "ok", "type": "text", "id": SECRET}]
RETURNED: dict[str, tuple[str, dict[str, Any], str]] = {
    "output": ("responses", {"input": CALLED}, "call_9"),
    "rows": ("responses", {"input": [CALLED[0], {**CALLED[1], "output": [ROW]}]}, "call_9"),
    "blocks": ("messages", {"messages": [{"role": "user", "content": [USED]}]}, "toolu_9"),
    "parts": (
        "chat",
        {"messages": [{"role": "tool", "tool_call_id": "call_9", "content": PARTS}]},
        "call_9",
    ),
}


@pytest.mark.parametrize("case", RETURNED)
def test_no_secret_under_a_name_of_the_protocol_in_data(
    guarded: Running, watched: Watched, case: str
) -> None:
    """What a tool returned has names of its own; the id that links it to its call stays."""
    api, more, link = RETURNED[case]
    watched.seen.clear()
    httpx.post(guarded.url + PATHS[api], json=request(api) | more, timeout=60)
    sent = str(watched.seen)
    assert len(watched.seen) == 1
    assert [v for v in (SECRET, PHONE, "AKIAQYLPMN5HHHFPZAM2") if v in sent] == []
    assert link in sent


TURN = {"role": "user", "content": "hi"}
FUNCTION = {"name": "f", "parameters": {"type": "object"}}
PLACES: dict[str, tuple[str, dict[str, Any]]] = {
    "model": ("chat", {"model": SECRET}),
    "role": ("chat", {"messages": [{**TURN, "role": SECRET}]}),
    "status": ("chat", {"messages": [{**TURN, "status": SECRET}]}),
    "part": ("chat", {"messages": [{**TURN, "content": [{"type": SECRET, "text": "hi"}]}]}),
    "tool": ("chat", {"tools": [{"type": SECRET, "function": FUNCTION}]}),
    "schema": ("chat", {"response_format": {"type": "json_schema", "format": SECRET}}),
    "tier": ("completions", {"service_tier": SECRET}),
    "item": ("responses", {"input": [{**TURN, "type": SECRET}]}),
    "reference": ("responses", {"input": [{"type": "item_reference", "id": SECRET}, TURN]}),
    "previous": ("responses", {"previous_response_id": SECRET}),
    "included": ("responses", {"include": [SECRET]}),
    "block": ("messages", {"messages": [{**TURN, "content": [{"type": SECRET, "text": "a"}]}]}),
    "source": (
        "messages",
        {"messages": [{**TURN, "content": [{"type": "image", "source": {"media_type": SECRET}}]}]},
    ),
    "thought": (
        "messages",
        {
            "messages": [
                {"role": "assistant", "content": [{"type": "x", "signature": SECRET}]},
                TURN,
            ]
        },
    ),
    "caching": ("messages", {"system": [{"text": "a", "cache_control": {"type": SECRET}}]}),
}


def test_no_key_of_capitals_alone_in_place_of_a_role(guarded: Running, watched: Watched) -> None:
    key = "AKIA" + "QYLPMNVHHHFPZAMB"
    watched.seen.clear()
    turn = {**TURN, "role": key}
    httpx.post(guarded.url + CHAT, json=request("chat") | {"messages": [turn]}, timeout=60)
    assert len(watched.seen) == 1
    assert key not in str(watched.seen)


@pytest.mark.parametrize("case", PLACES)
def test_no_secret_in_place_of_a_word_of_the_protocol(
    guarded: Running, watched: Watched, case: str
) -> None:
    api, more = PLACES[case]
    watched.seen.clear()
    httpx.post(guarded.url + PATHS[api], json=request(api) | more, timeout=60)
    assert len(watched.seen) == 1
    assert SECRET not in str(watched.seen)


def test_an_id_with_a_value_is_another_one_that_apis_accept(
    guarded: Running, watched: Watched
) -> None:
    """The same for the call and its result, and in the next turn."""
    call = {"id": f"tel_{PHONE}", "type": "function", "function": {"name": "f", "arguments": ""}}
    turns = [
        TURN,
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": f"tel_{PHONE}", "content": "ok"},
    ]
    watched.seen.clear()
    for more in ([], [TURN]):
        asked = request("chat") | {"messages": [*turns, *more]}
        httpx.post(guarded.url + CHAT, json=asked, timeout=60)
    ids = re.findall(r'"(?:tool_call_id|id)":"([^"]*)"', str([data for *_, data in watched.seen]))
    assert len(ids) == 4
    assert len({*ids}) == 1
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", ids[0])
    assert PHONE not in ids[0]


USUAL = (
    "call_Zr7Qm2xK9vB4nT6wY1cD8eFg",
    "toolu_01A09q90qw90lq917835lq9",
    "call_0_c722bcac-6069-4738-b1f9-1563f1f4b856",
    "chatcmpl-tool-b3f2a9c4d8e14f7a9c0b1d2e3f405162",
    "functions.get_weather:0",
    "D681PevKs",
    "call_1762407422_6",
)


@pytest.mark.parametrize("id", USUAL)
def test_ids_of_model_apis_go_on_as_they_are(guarded: Running, watched: Watched, id: str) -> None:
    turns = [TURN, {"role": "tool", "tool_call_id": id, "content": "ok"}]
    watched.seen.clear()
    httpx.post(guarded.url + CHAT, json=request("chat") | {"messages": turns}, timeout=60)
    assert f'"{id}"' in watched.seen[0][3].decode()


def test_a_key_in_place_of_a_model_is_not_recorded(guarded: Running) -> None:
    """An operator who confuses two environment variables."""
    asked = request("chat") | {"model": SECRET}
    sent = httpx.post(guarded.url + CHAT, json=asked, timeout=60)
    entries = guarded.run(guarded.deps.audit.get(sent.headers["x-threegate-request-id"]))
    events = [e.event for e in entries]
    assert SECRET not in str(events)
    assert events[-1]["model"]["requested"] == "[secret removed]"


def test_a_value_in_the_name_of_a_field_is_not_recorded(guarded: Running) -> None:
    """Nor in what a check says about the call that it belongs to."""
    turn = {"role": "user", "content": "Hi", SECRET: "x y"}
    about = {"language": SECRET, "route": f"/v1/{PHONE}"}
    sent = [
        httpx.post(guarded.url + CHAT, json=request("chat") | {"messages": [turn]}, timeout=60),
        httpx.post(guarded.url + CHAT, json=request("chat") | {f"tel{PHONE}": "a b"}, timeout=60),
        httpx.post(guarded.url + "/v1/guard/check", json={"texts": ["Hi"], **about}, timeout=60),
    ]
    for reply in sent:
        entries = guarded.run(guarded.deps.audit.get(reply.headers["x-threegate-request-id"]))
        assert entries
        written = str([e.event for e in entries])
        assert SECRET not in written
        assert PHONE not in written


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("escape", [r"\n", r"\r\n", r"\t", r"\\n", "\x1b[0;31m", r"\u001b[K"])
def test_no_value_behind_the_letter_of_an_escape(
    guarded: Running, watched: Watched, escape: str, stream: bool
) -> None:
    """JSON, logs and code that somebody pastes, answers in JSON, what a terminal shows."""
    values = (PHONE, SECRET, "11010519491231002X", "4532015112830366", "47.98.123.45")
    text = "".join(f"{escape}{value} ;" for value in values)
    answer = {"index": 0, ("delta" if stream else "message"): {"content": text}}
    data = json.dumps({"id": "c", "choices": [answer]}).encode()
    pieces = [b"data: %s\n\n" % data, b"data: [DONE]\n\n"] if stream else [data]
    watched.seen.clear()
    httpx.post(guarded.url + CHAT, json=request("chat", text=text), timeout=60)
    assert not [v for v in values if v in str(watched.seen)]
    watched.demo.play(pieces, media_type="text/event-stream" if stream else "application/json")
    said = httpx.post(guarded.url + CHAT, json=request("chat", stream=stream), timeout=60).text
    assert not [v for v in values if v in said]
    assert "removed]" in said


def test_a_sealed_field_that_is_none_is_text(guarded: Running, watched: Watched) -> None:
    """A provider that puts words where others put what only they can open."""
    details = [
        {"type": "reasoning.encrypted", "data": d} for d in (f"her mobile is {PHONE}", "gA+=")
    ]
    delta = {"content": "ok", "reasoning_details": details}
    event = {"id": "c", "choices": [{"index": 0, "delta": delta}]}
    watched.demo.play([b"data: %s\n\n" % json.dumps(event).encode(), b"data: [DONE]\n\n"])
    text = httpx.post(guarded.url + CHAT, json=request("chat", stream=True), timeout=60).text
    assert PHONE not in text
    assert "gA+=" in text


WHOLE: dict[str, dict[str, Any]] = {
    "id": {"id": f"key: {SECRET}"},
    "model": {"model": f"api_key={SECRET}"},
    "fingerprint": {"system_fingerprint": f"token: {SECRET}"},
    "time": {"created": f"key: {SECRET}"},
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("case", [*WHOLE, "role", "call"])
def test_no_secret_in_ids_and_names(
    guarded: Running, watched: Watched, case: str, stream: bool
) -> None:
    message: dict[str, Any] = {"role": "assistant", "content": "ok"}
    if case == "role":
        message["role"] = f"key: {SECRET}"
    if case == "call":
        call = {"index": 0, "id": f"key: {SECRET}", "type": "function"}
        message["tool_calls"] = [{**call, "function": {"name": "f", "arguments": "{}"}}]
    choice = {"index": 0, ("delta" if stream else "message"): message, "finish_reason": "stop"}
    body = {"id": "c-1", "model": "m", "choices": [choice], **WHOLE.get(case, {})}
    data = json.dumps(body).encode()
    if stream:
        choice["finish_reason"] = None
        data = json.dumps(body).encode()
        watched.demo.play([b"data: " + data + b"\n\n"] * 3 + [b"data: [DONE]\n\n"])
    else:
        watched.demo.play([data], media_type="application/json")
    asked = request("chat", stream=stream)
    response = httpx.post(guarded.url + CHAT, json=asked, timeout=60)
    assert response.status_code == 200
    assert SECRET not in response.text
    assert "ok" in response.text


NO_NUMBERS = (
    {"token_ids": [1, f"her mobile is {PHONE}"]},
    {"token_ids": [SECRET]},
    {"native_finish_reason": SECRET},
    {"prompt_logprobs": SECRET},
)


@pytest.mark.parametrize("name", ["id", "model", "created", "obfuscation", "service_tier"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_no_value_below_a_field_that_holds_a_word(
    guarded: Running, watched: Watched, name: str, stream: bool
) -> None:
    part = "delta" if stream else "message"
    body = {name: [{"note": f"call {PHONE}"}], "choices": [{"index": 0, part: {"content": "ok"}}]}
    data, form = json.dumps(body).encode(), "text/event-stream" if stream else "application/json"
    pieces = [b"data: " + data + b"\n\n", b"data: [DONE]\n\n"] if stream else [data]
    watched.demo.play(pieces, media_type=form)
    text = httpx.post(guarded.url + CHAT, json=request("chat", stream=stream), timeout=60).text
    assert PHONE not in text
    assert "ok" in text


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fields", NO_NUMBERS, ids=lambda f: "-".join(f))
def test_no_value_in_place_of_numbers_and_words(
    guarded: Running, watched: Watched, fields: dict[str, Any], stream: bool
) -> None:
    """`token_ids` holds numbers and `native_finish_reason` a word, with any model API that means
    well."""
    part = "delta" if stream else "message"
    body = {"id": "c", "choices": [{"index": 0, part: {"content": "ok"}, **fields}]}
    data, form = json.dumps(body).encode(), "text/event-stream" if stream else "application/json"
    pieces = [b"data: " + data + b"\n\n", b"data: [DONE]\n\n"] if stream else [data]
    watched.demo.play(pieces, media_type=form)
    text = httpx.post(guarded.url + CHAT, json=request("chat", stream=stream), timeout=60).text
    assert PHONE not in text
    assert SECRET not in text
    assert "ok" in text


def likely(token: str, **more: Any) -> dict[str, Any]:
    return {"token": token, "logprob": -0.1, "bytes": [*token.encode()], "top_logprobs": [], **more}


def likely_legacy(*tokens: str, other: str = "o") -> dict[str, Any]:
    return {"tokens": [*tokens], "token_logprobs": [-1], "top_logprobs": [{other: -2}]}


HIDDEN_TOKENS: dict[str, tuple[list[Any], Any]] = {
    "token": ([likely(PHONE)], likely_legacy(PHONE)),
    "more": ([likely("ok"), likely(PHONE)], likely_legacy("ok", PHONE)),
    "alternative": ([likely("ok", top_logprobs=[likely(PHONE)])], likely_legacy("ok", other=PHONE)),
    "bytes": ([likely("ok", bytes=[*PHONE.encode()])], {"tokens": ["ok"], "bytes": PHONE}),
    "name": ([likely("ok") | {PHONE: 1}], {"tokens": ["ok"], PHONE: [1]}),
}


def answer_with(api: str, tokens: Any, *, stream: bool) -> bytes:
    """An answer `ok` with these log probabilities."""
    match api:
        case "chat":
            choice: Any = {("delta" if stream else "message"): {"content": "ok"}}
            body: Any = {"choices": [{"index": 0, **choice, "logprobs": {"content": tokens}}]}
        case "completions":
            body = {"choices": [{"index": 0, "text": "ok", "logprobs": tokens}]}
        case _ if stream:
            body = {"type": "response.output_text.delta", "delta": "ok", "logprobs": tokens}
        case _:
            part = {"type": "output_text", "text": "ok", "logprobs": tokens}
            body = {"output": [{"type": "message", "content": [part]}]}
    data = json.dumps(body).encode()
    return b"data: %s\n\ndata: [DONE]\n\n" % data if stream else data


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("api", ["chat", "completions", "responses"])
@pytest.mark.parametrize("case", [*HIDDEN_TOKENS, "honest"])
def test_log_probabilities_say_nothing_else_than_the_text(
    guarded: Running, watched: Watched, case: str, api: str, stream: bool
) -> None:
    honest = [likely("o", top_logprobs=[likely("O")]), likely("k")], likely_legacy("o", "k")
    tokens, legacy = HIDDEN_TOKENS.get(case, honest)
    data = answer_with(api, legacy if api == "completions" else tokens, stream=stream)
    form = "text/event-stream" if stream else "application/json"
    watched.demo.play([data], media_type=form)
    asked = request(api, stream=stream) | {"logprobs": True}
    text = httpx.post(guarded.url + PATHS[api], json=asked, timeout=60).text
    assert '"ok"' in text
    assert PHONE not in text
    assert str([*PHONE.encode()]).replace(" ", "") not in text
    assert ('"logprob"' in text or '"tokens"' in text) is (case == "honest")


@pytest.mark.parametrize(
    "details", [f"call {PHONE}", {"reason": SECRET}, {"note": f"call {PHONE}"}]
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_why_a_response_is_incomplete_is_a_word(
    guarded: Running, watched: Watched, details: Any, stream: bool
) -> None:
    body = {"id": "resp_1", "object": "response", "status": "incomplete", "output": []}
    body |= {"incomplete_details": details}
    event = {"type": "response.incomplete", "response": body}
    data = json.dumps(event if stream else body).encode()
    form = "text/event-stream" if stream else "application/json"
    watched.demo.play([b"data: " + data + b"\n\n" if stream else data], media_type=form)
    asked = request("responses", stream=stream)
    text = httpx.post(guarded.url + PATHS["responses"], json=asked, timeout=60).text
    assert '"resp_1' in text
    assert PHONE not in text
    assert SECRET not in text


def test_a_pair_of_surrogates_in_two_events_ends_no_stream(
    guarded: Running, watched: Watched
) -> None:
    events = [
        b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % text
        for text in (b"a \\ud83d", b"\\ude00 \\\\ud83d b")
    ]
    watched.demo.play([*events, b"data: [DONE]\n\n"])
    asked = request("chat", stream=True)
    text = httpx.post(guarded.url + CHAT, json=asked, timeout=60).text
    lines = [json.loads(x[6:]) for x in text.splitlines() if x.startswith("data: {")]
    said = "".join(c["delta"].get("content") or "" for p in lines for c in p["choices"])
    assert said == "a \ufffd\ufffd \\ud83d b"
    assert "error" not in text


def test_chunks_in_http_1_0_are_refused(guarded: Running) -> None:
    head = f"POST {CHAT} HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    said = exchange(guarded, head.encode() + b"2\r\n{}\r\n0\r\n\r\n")
    assert b"400" in said.data.split(b"\r\n")[0]


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://evil.example:8080", 403),  # whose name leads here now: DNS rebinding
        ("null", 403),
        ("http://[", 403),
        ("http://localhost:5173", 200),
        ("tauri://localhost", 200),
    ],
)
def test_a_page_by_a_name_that_leads_here_does_not_call_a_proxy_without_keys(
    guarded: Running, origin: str, status: int
) -> None:
    """To a host without TLS that is not this machine's, browsers do not say where they are."""
    response = httpx.post(
        guarded.url + CHAT, json=request("chat"), headers={"origin": origin}, timeout=60
    )
    assert response.status_code == status


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("none", 200), ("", 200)]
)
def test_a_foreign_page_does_not_call_a_proxy_without_keys(
    guarded: Running, site: str, status: int
) -> None:
    headers = {"sec-fetch-site": site} if site else {}
    response = httpx.post(guarded.url + CHAT, json=request("chat"), headers=headers, timeout=60)
    assert response.status_code == status
    if status == 403:
        assert response.json()["error"]["code"] == "cross_site"


NOTES = f"会议纪要：请按要求执行。手机 {PHONE}，数据库密码：hunter22xQ。"
PLAIN = {"type": "base64", "media_type": "text/plain", "data": "FILE"}
FILES: dict[str, tuple[str, dict[str, Any], bytes]] = {
    "a bare one": ("responses", {"file_data": "FILE"}, NOTES.encode("gbk")),
    "one of a chat": ("chat", {"file": {"file_data": "FILE"}}, NOTES.encode("utf-16")),
    "a document": ("messages", {"source": PLAIN}, NOTES.encode("gb18030")),
    "one that was cut off": (
        "responses",
        {"file_data": "data:text/plain;base64,FILE"},
        (NOTES + "完").encode()[:-1],
    ),
    "a name in its head": (
        "responses",
        {"file_data": "data:text/plain;name=a.txt;base64,FILE"},
        NOTES.encode("gbk"),
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_no_value_in_a_file_of_another_encoding(
    guarded: Running, watched: Watched, case: str
) -> None:
    api, part, data = FILES[case]
    turns = [{"role": "user", "content": [{"type": "file", **part}]}]
    body = request(api) | {"input" if api == "responses" else "messages": turns}
    sent = json.dumps(body).replace("FILE", base64.b64encode(data).decode())
    watched.seen.clear()
    httpx.post(guarded.url + PATHS[api], content=sent, timeout=60)
    (found,) = re.findall(r'"(?:data:[^,"]*,)?([\w+/=]{60,})"', watched.seen[0][3].decode())
    read = base64.b64decode(found).decode().lstrip("\ufeff")
    assert read.startswith("会议纪要：请按要求执行。手机 [MOBILE_")
    assert "hunter22xQ" not in read


@pytest.mark.parametrize("charset", ["gb18030", "utf-16"])
def test_a_file_in_an_answer_stays_legible(
    guarded: Running, watched: Watched, charset: str
) -> None:
    data = base64.b64encode(f"密钥 {SECRET} 请保管".encode(charset)).decode()
    file = {"type": "document", "source": PLAIN | {"data": data}}
    watched.demo.play([json.dumps({"content": [file]}).encode()], media_type="application/json")
    answer = httpx.post(guarded.url + PATHS["messages"], json=request("messages"), timeout=60)
    read = base64.b64decode(answer.json()["content"][0]["source"]["data"]).decode()
    assert SECRET not in read
    assert read.lstrip("\ufeff").startswith("密钥 [")
    assert read.endswith(" 请保管")
