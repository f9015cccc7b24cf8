"""Each kind of message in each direction: it goes on, is edited, answered or dropped."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import pytest
from threegate.client.async_guard import AsyncGuard
from threegate.mcp.messages import GUARD_ERROR
from threegate.mcp.session import MAX_PENDING, McpSession
from threegate.mcp.unsolicited import PER_MINUTE

from tests.e2e.support.running import Running
from tests.mcp.server import CARD, PHONE, POISON

Json = dict[str, Any]
SECRET = "sk-proj-" + "a1B2c3D4" * 6


@pytest.fixture
async def session(guarding: Running) -> AsyncIterator[McpSession]:
    async with AsyncGuard(guarding.url) as guard:
        yield McpSession(guard, "shop", conversation="c")


@pytest.fixture
async def alone() -> AsyncIterator[McpSession]:
    """Its guard cannot be reached."""
    async with AsyncGuard("http://127.0.0.1:1") as guard:
        yield McpSession(guard, "shop")


def request(method: str, **params: Any) -> Json:
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}


def response(**result: Any) -> Json:
    return {"jsonrpc": "2.0", "id": 7, "result": result}


def notice(text: str) -> Json:
    params = {"level": "info", "data": text}
    return {"jsonrpc": "2.0", "method": "notifications/message", "params": params}


def strings(value: Any) -> Iterator[str]:
    """All strings below `value`, names of members included."""
    match value:
        case str():
            yield value
        case dict():
            for name, below in value.items():
                yield name
                yield from strings(below)
        case list():
            for below in value:
                yield from strings(below)


async def test_answers_to_a_server_are_judged_beside_the_arguments(session: McpSession) -> None:
    answers = {"q": {"action": "accept", "content": {"card": CARD}}}
    call = request(
        "tools/call", name="t", arguments={"a": 1}, inputResponses=answers, _meta={"x": 1}
    )
    routed = await session.from_client(call)
    assert routed.on is not None
    assert CARD not in str(routed.on)
    assert routed.on["params"]["arguments"] == {"a": 1}
    assert routed.on["params"]["_meta"] == {"x": 1}


@pytest.mark.parametrize("method", ["sampling/createMessage", "elicitation/create"])
async def test_a_server_that_asks_with_planted_orders_gets_an_error(
    session: McpSession, method: str
) -> None:
    routed = await session.from_server(request(method, message=POISON))
    assert routed.on is None
    assert routed.back is not None
    assert (routed.back["id"], routed.back["error"]["code"]) == (7, GUARD_ERROR)


TEXT = {"type": "text", "text": POISON}


@pytest.mark.parametrize(
    "message",
    [
        request("sampling/createMessage", messages=[{"role": "user", "content": TEXT}]),
        request("sampling/createMessage", messages=[], systemPrompt=POISON),
        {**notice(""), "method": "notifications/progress", "params": {"message": POISON}},
        {**notice(""), "method": "notifications/tasks/status", "params": {"statusMessage": POISON}},
    ],
)
async def test_no_order_comes_in_what_a_server_sends_beside_results(
    session: McpSession, message: Json
) -> None:
    assert (await session.from_server(message)).on is None


async def test_what_a_model_answers_and_a_person_completes_has_no_values(
    session: McpSession,
) -> None:
    asked = request("completion/complete", ref={"type": "ref/prompt", "name": "p"})
    asked["params"]["argument"] = {"name": "who", "value": CARD}
    answered = response(role="assistant", content={"type": "text", "text": CARD}, model="m")
    for message in (asked, answered):
        assert CARD not in str((await session.from_client(message)).on)
    routed = await session.from_server(response(completion={"values": [PHONE, "b"], "total": 2}))
    assert routed.on is not None
    assert PHONE not in str(routed.on)
    assert routed.on["result"]["completion"]["total"] == 2


async def test_notices_go_on_or_are_dropped(session: McpSession) -> None:
    fine = notice("Done.")
    assert (await session.from_server(fine)).on == fine
    routed = await session.from_server(notice(POISON))
    assert (routed.on, routed.back) == (None, None)


async def test_instructions_of_a_server_are_judged(session: McpSession) -> None:
    await session.from_client(request("initialize", protocolVersion="2025-11-25"))
    routed = await session.from_server(response(instructions=POISON))
    assert routed.on is not None
    assert routed.on["error"]["code"] == GUARD_ERROR


@pytest.mark.parametrize(
    "hidden",
    [
        {"result": {"content": [{"type": "text", "text": POISON}]}, "error": {"code": 1}},
        {"result": {"content": [], "structuredContent": {POISON: 1}}},
        {"result": {"contents": [{"uri": "a:b", "blob": b64encode(POISON.encode()).decode()}]}},
        {"result": {"content": []}, "params": {"x": POISON}},
        {"method": "ping", "result": {"content": [{"type": "text", "text": POISON}]}},
    ],
)
async def test_no_order_is_hidden_where_only_some_clients_look(
    session: McpSession, hidden: Json
) -> None:
    await session.from_client(request("tools/call", name="t", arguments={}))
    routed = await session.from_server({"jsonrpc": "2.0", "id": 7, **hidden})
    assert not {POISON, b64encode(POISON.encode()).decode()} & set(strings(routed.on))


async def test_no_order_is_hidden_in_the_blocks_of_one_result(session: McpSession) -> None:
    """Clients give a model the blocks one after the other, as one text."""
    blocks = [{"type": "text", "text": word} for word in POISON.split()]
    await session.from_client(request("tools/call", name="t", arguments={}))
    routed = await session.from_server(response(content=blocks))
    assert routed.on is not None
    assert routed.on["result"]["isError"]


@pytest.mark.parametrize("given", [{"p": float(PHONE)}, {"type": PHONE}, {"taskId": PHONE}])
async def test_no_value_is_hidden_in_what_a_tool_calls_its_own(
    session: McpSession, given: Json
) -> None:
    """Beyond the protocol, a `type` is no word of the protocol and a number is no count."""
    routed = await session.from_server(response(structuredContent=given))
    assert PHONE not in str(routed.on)


async def test_what_is_kept_of_a_request_is_small(session: McpSession) -> None:
    await session.from_client({**request("ping" * 10_000), "id": "7" * 100_000})
    assert len(str(session._pending)) < 1000


async def test_a_text_in_base64_goes_on_as_such(session: McpSession) -> None:
    def page(text: str) -> Json:
        return response(contents=[{"uri": "a:b", "blob": b64encode(text.encode()).decode()}])

    fine = page("Open from nine to five.")
    assert (await session.from_server(fine)).on == fine
    masked = (await session.from_server(page(f"Card: {CARD}, from nine to five."))).on
    assert masked is not None
    text = b64decode(masked["result"]["contents"][0]["blob"]).decode()
    assert CARD not in text
    assert text.endswith("from nine to five.")


@pytest.mark.parametrize("charset", ["gb18030", "utf-16", "utf-16-be"])
async def test_a_text_in_base64_is_read_in_any_charset(session: McpSession, charset: str) -> None:
    blob = b64encode(f"电话 {PHONE} 请回电".encode(charset)).decode()
    file = {"uri": "a:b", "mimeType": "text/plain", "blob": blob}
    for result in ({"contents": [file]}, {"content": [{"type": "resource", "resource": file}]}):
        masked = (await session.from_server(response(**result))).on
        assert masked is not None
        (text,) = (b64decode(t).decode() for t in strings(masked) if len(t) > 30)
        assert PHONE not in text
        assert text.endswith("请回电")


async def test_addresses_that_the_server_offered_go_back_as_they_are(session: McpSession) -> None:
    uri = "http://203.0.113.77/notes/ann.lee@example-corp.com"
    read = request("resources/read", uri=uri)
    assert (await session.from_client(read)).on != read
    await session.from_client(request("resources/list"))
    listed = await session.from_server(response(resources=[{"uri": uri, "name": "notes"}]))
    assert listed.on == response(resources=[{"uri": uri, "name": "notes"}])
    assert (await session.from_client(read)).on == read


async def test_a_tool_that_is_mended_comes_back(session: McpSession) -> None:
    for description, shown in ((POISON, 0), ("Adds.", 1)):
        await session.from_client(request("tools/list"))
        tools = [{"name": "t", "description": description, "inputSchema": {"type": "object"}}]
        routed = await session.from_server(response(tools=tools))
        assert routed.on is not None
        assert len(routed.on["result"]["tools"]) == shown
        called = await session.from_client(request("tools/call", name="t", arguments={}))
        assert (called.on is not None) == bool(shown)


@pytest.mark.parametrize("message_id", ["7", 7.0, 8])
async def test_a_list_is_one_whatever_request_it_answers(
    session: McpSession, message_id: str | float
) -> None:
    """Clients of the official SDK for TypeScript take the answer to `"7"` as that to `7`."""
    await session.from_client(request("tools/list"))
    tools = [{"name": "fine", "description": "Adds."}, {"name": "bad", "description": POISON}]
    routed = await session.from_server({**response(tools=tools), "id": message_id})
    assert routed.on is not None
    assert [tool["name"] for tool in routed.on["result"]["tools"]] == ["fine"]
    called = await session.from_client(request("tools/call", name="bad", arguments={}))
    assert called.on is None


async def test_values_in_names_of_members_are_masked_and_come_back(session: McpSession) -> None:
    await session.from_client(request("tools/call", name="t", arguments={}))
    routed = await session.from_server(response(structuredContent={PHONE: {"of": "Li"}}))
    assert routed.on is not None
    assert PHONE not in str(routed.on)
    (name,) = routed.on["result"]["structuredContent"]
    assert routed.on["result"]["structuredContent"][name] == {"of": "Li"}
    back = await session.from_client(request("tools/call", name="t", arguments={"to": name}))
    assert back.on is not None
    assert back.on["params"]["arguments"] == {"to": PHONE}


@pytest.mark.parametrize(
    ("method", "member", "item", "kept"),
    [
        (
            "tools/list",
            "tools",
            {
                "name": "book",
                "description": f"Books a table; questions to {PHONE}",
                "inputSchema": {
                    "type": "object",
                    "properties": {"to": {"type": "string", "enum": [PHONE], "default": PHONE}},
                },
                "annotations": {"title": f"Li, {PHONE}"},
            },
            {"name": "book"},
        ),
        (
            "resources/list",
            "resources",
            {"uri": "file:///a", "name": f"Li {PHONE}", "_meta": {"by": PHONE}},
            {"uri": "file:///a"},
        ),
        (
            "prompts/list",
            "prompts",
            {"name": "p", "arguments": [{"name": "x", "description": f"such as {PHONE}"}]},
            {"name": "p"},
        ),
    ],
)
async def test_values_in_the_entries_of_a_list_are_masked_and_come_back(
    session: McpSession, method: str, member: str, item: Json, kept: Json
) -> None:
    await session.from_client(request(method))
    routed = await session.from_server(response(**{member: [item, {**kept, "title": "plain"}]}))
    assert routed.on is not None
    assert PHONE not in str(routed.on)
    masked, plain = routed.on["result"][member]
    assert masked.items() >= kept.items()
    assert plain == {**kept, "title": "plain"}
    words = " ".join(strings(masked)).replace(",", " ").split()
    (mask, *_) = [w for w in words if w.startswith("[")]
    back = await session.from_client(request("tools/call", name="book", arguments={"to": mask}))
    assert back.on is not None
    assert back.on["params"]["arguments"] == {"to": PHONE}


@pytest.mark.parametrize("entry", [f"Li {PHONE}", [f"Li {PHONE}", 5]])
async def test_entries_with_values_that_are_no_objects_are_left_out(
    session: McpSession, entry: Any
) -> None:
    await session.from_client(request("tools/list"))
    routed = await session.from_server(response(tools=[entry, {"name": "t"}]))
    assert routed.on is not None
    assert routed.on["result"]["tools"] == [{"name": "t"}]


@pytest.mark.parametrize(
    "params", [None, [1], {"name": "t", "arguments": "x"}, {"name": "t", "arguments": [1]}]
)
async def test_a_call_of_no_known_shape_ends_no_session(session: McpSession, params: Any) -> None:
    routed = await session.from_client({**request("tools/call"), "params": params})
    assert (routed.on or routed.back) is not None


@pytest.mark.parametrize("result", [None, [1], "text", {"tools": 5}])
async def test_a_list_of_no_known_shape_ends_no_session(session: McpSession, result: Any) -> None:
    await session.from_client(request("tools/list"))
    routed = await session.from_server({"jsonrpc": "2.0", "id": 7, "result": result})
    assert routed.on is not None
    assert routed.on["error"]["code"] == GUARD_ERROR


async def test_a_list_without_end_is_not_read(session: McpSession) -> None:
    await session.from_client(request("tools/list"))
    tools = [{"name": f"t{n}"} for n in range(MAX_PENDING + 1)]
    routed = await session.from_server(response(tools=tools))
    assert routed.on is not None
    assert routed.on["error"]["code"] == GUARD_ERROR
    assert not session.catalog.poisoned


async def test_a_server_that_talks_for_ever_is_not_heard_for_ever(alone: McpSession) -> None:
    """No guard answers here: what is left out is told apart by the answer to a question."""
    asked, routed = request("elicitation/create", message="?"), []
    for _ in range(PER_MINUTE):
        await alone.from_server(notice(""))
    for message in (notice(""), asked, response(), notice("x")):
        routed.append(await alone.from_server(message))
    assert [bool(each.on) for each in routed] == [False] * 4
    assert [bool(each.back) for each in routed] == [False, True, False, False]


async def test_an_answer_is_heard_however_much_was_said(session: McpSession) -> None:
    await session.from_client(request("tools/call", name="t", arguments={}))
    for _ in range(PER_MINUTE + 1):
        await session.from_server(notice(""))
    assert (await session.from_server(response(content=[]))).on is not None


async def test_without_the_guard_nothing_goes_on(alone: McpSession) -> None:
    call = await alone.from_client(request("tools/call", name="t", arguments={"a": "b"}))
    assert call.on is None
    assert call.back is not None
    assert call.back["error"]["code"] == GUARD_ERROR
    for routed in (
        await alone.from_client(response(content={"a": "b"})),
        await alone.from_server(response(content=[{"type": "text", "text": "x"}])),
    ):
        assert routed.on is not None
        assert routed.on["error"]["code"] == GUARD_ERROR
    asked = await alone.from_server(request("sampling/createMessage", text="x"))
    assert asked.on is None
    assert asked.back is not None
    assert (await alone.from_server(notice("x"))).on is None


WORDS = ("type", "mimeType", "protocolVersion", "nextCursor", "requestState", "taskId", "sizes")


@pytest.mark.parametrize("word", WORDS)
async def test_no_value_in_place_of_a_word_of_the_protocol(session: McpSession, word: str) -> None:
    for value in (PHONE, SECRET):
        said = response(content=[{"type": "text", "text": "ok", word: value}], **{word: value})
        routed = await session.from_server(said)
        assert value not in str(routed.on)
    kept = {"type": "text", "mimeType": "application/vnd.ms-excel", "taskId": str(UUID(int=9))}
    kept |= {"nextCursor": "eyJwYWdlIjoyfQ==", "requestState": "Ab1-" * 20, "sizes": "48x48"}
    assert (await session.from_server(response(**kept))).on == response(**kept)


async def test_no_value_in_ids_and_methods_of_a_server(session: McpSession) -> None:
    for value in (int(PHONE), PHONE, SECRET):
        for message in (request("ping") | {"id": value}, response(a=1) | {"id": value}):
            assert (await session.from_server(message)).on is None
    said = notice("Done.") | {"method": f"notifications/{SECRET}"}
    assert (await session.from_server(said)).on is None
    said = notice("Done.") | {"jsonrpc": SECRET}
    assert (await session.from_server(said)).on == notice("Done.")
    for id in (3, "7", "V1StGXR8_Z5jdHi6B-myT"):
        asked = request("sampling/createMessage", a=1) | {"id": id}
        assert (await session.from_server(asked)).on == asked


async def test_a_tool_has_no_secret_as_its_name(session: McpSession) -> None:
    routed = await session.from_client(request("tools/call", name=SECRET, arguments={"a": 1}))
    assert routed.on is None
    routed = await session.from_client(request("completion/complete", **{SECRET: 1}))
    assert SECRET not in str(routed.on)


async def test_a_secret_in_an_entry_of_a_list_is_removed(session: McpSession) -> None:
    tool = {"name": "t", "description": f"Log in with {SECRET}.", "inputSchema": {"type": "object"}}
    await session.from_client(request("tools/list"))
    routed = await session.from_server(response(tools=[tool]))
    assert routed.on is not None
    (kept,) = routed.on["result"]["tools"]
    assert kept == tool | {"description": "Log in with [secret removed]."}
