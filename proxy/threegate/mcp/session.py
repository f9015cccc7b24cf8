"""One MCP session through the guard: each message is forwarded, edited or not, or answered here.

| message | judged as |
|---|---|
| arguments of a tool call | arguments of this tool in a model's answer (output rules) |
| other things that a client sends | tool arguments (output rules) |
| results, prompts, resources, requests and notices of a server | tool results (input rules) |
| an entry of a list (tool, prompt, resource) | a tool result; may be left out; keeps its name |

If a check cannot be made, nothing is forwarded.
"""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from threegate.client.async_guard import AsyncGuard
from threegate.client.results import GuardError, Verdict
from threegate.mcp import messages
from threegate.mcp.messages import META, Json
from threegate.mcp.unsolicited import Unsolicited
from threegate.types import Bilingual

STOPPED = Bilingual("已被策略停止。", "Stopped by the policy.")
HIDDEN = Bilingual("没有这个工具。", "There is no such tool.")
NO_CHECK = Bilingual("无法检查，未放行。", "Could not be checked and was not passed on.")

CONTEXT_RESULTS, CONTEXT_CHARS = 20, 32_000
"""Results of this session that later arguments are judged with: values in them are known, and
placeholders made of them can be put back."""
MAX_PENDING = 4096
"""Requests whose answers are awaited, entries of one list, tools that are left out, and addresses
of resources that the server has offered."""
MAX_METHOD = 64
_OF_CALLS = ("name", "arguments", META)
_BLOCKS = (("content",), ("contents",))
"""Lists whose texts a model reads one after the other, as one."""


@dataclass(frozen=True, slots=True)
class Routed:
    """The outcome for a message: `on` is sent to the other side, `back` to its sender."""

    on: Json | None = None
    back: Json | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a server's lists have shown, shared by all its sessions: tools that were left out, and
    addresses of resources."""

    poisoned: set[str] = field(default_factory=set)
    offered: set[str] = field(default_factory=set)


@dataclass(slots=True)
class McpSession:
    """`server` names the MCP server: rules see it as the route `/mcp/NAME`."""

    guard: AsyncGuard
    server: str
    language: str = "en"
    conversation: str = ""
    catalog: Catalog = field(default_factory=Catalog)
    _pending: OrderedDict[bytes, str] = field(default_factory=OrderedDict, repr=False)
    _results: deque[str] = field(default_factory=deque, repr=False)
    _unsolicited: Unsolicited = field(default_factory=Unsolicited, repr=False)

    async def from_client(self, message: Json) -> Routed:
        try:
            return await self._from_client(messages.bare(message))
        except (GuardError, *messages.SHAPE_ERRORS):
            return self._unchecked(message)

    async def from_server(self, message: Json) -> Routed:
        try:
            return await self._from_server(messages.bare(message))
        except (GuardError, *messages.SHAPE_ERRORS):
            return self._unchecked(message)

    def _unchecked(self, message: Json) -> Routed:
        return _refused(message, NO_CHECK.get(self.language))

    def take_over(self, first: McpSession) -> None:
        """Copies what the call that opened this session is waiting for."""
        self._pending |= first._pending

    # From the client

    async def _from_client(self, message: Json) -> Routed:
        match messages.kind(message):
            case "request":
                self._remember(message)
                if message["method"] == "tools/call":
                    return await self._call(message)
                return await self._outgoing(message, "params")
            case "notification":
                return await self._outgoing(message, "params")
            case "response":
                member = "result" if "result" in message else "error"
                return await self._outgoing(message, member)
            case _:
                return Routed()

    async def _call(self, message: Json) -> Routed:
        params = message.get("params") or {}
        tool, arguments = str(params.get("name") or ""), params.get("arguments") or {}
        if tool in self.catalog.poisoned:
            hidden = messages.stopped_result(message["id"], HIDDEN.get(self.language), "")
            return Routed(back=hidden)
        call = messages.function_call({"name": tool, "arguments": messages.as_text(arguments)})
        turn = {"role": "assistant", "tool_calls": [call]}
        results = [{"role": "tool", "tool_call_id": "0", "content": text} for text in self._results]
        verdict = await self._check(messages=[*results, turn], stage="output")
        if verdict.answer is None:
            return Routed(back=self._stopped_call(message["id"], verdict))
        called = verdict.answer["tool_calls"][0]["function"]
        if called["name"] != tool:  # there is no such tool, and its name is something else
            hidden = messages.stopped_result(message["id"], HIDDEN.get(self.language), verdict.id)
            return Routed(back=hidden)
        edited = json.loads(called["arguments"])
        if edited != arguments:
            message = {**message, "params": {**params, "arguments": edited}}
        return await self._outgoing_rest(message)

    async def _outgoing_rest(self, message: Json) -> Routed:
        """A tool call may carry answers to the server's questions beside its arguments."""
        rest = {k: v for k, v in message["params"].items() if k not in _OF_CALLS}
        if not messages.has_text(rest):
            return Routed(on=message)
        judged = await self._outgoing({**message, "params": rest}, "params")
        if judged.on is None:
            return judged
        return Routed(on={**message, "params": {**message["params"], **judged.on["params"]}})

    async def _outgoing(self, message: Json, member: str) -> Routed:
        given = message.get(member)
        rest = {k: v for k, v in given.items() if k != META} if isinstance(given, dict) else given
        if self._needs_no_check(message, rest):
            return Routed(on=message)
        verdict = await self._check(
            texts=[messages.as_text(rest)], stage="output", channel="tool_arguments"
        )
        if not verdict.allowed:
            return _refused(message, self._why(verdict), verdict.id)
        meta = {META: given[META]} if isinstance(given, dict) and META in given else {}
        return Routed(on={**message, member: {**json.loads(verdict.text), **meta}})

    def _needs_no_check(self, message: Json, rest: Any) -> bool:
        if message.get("method") in messages.PROTOCOL_ONLY or not messages.has_text(rest):
            return True
        known = self.catalog.offered
        return isinstance(rest, dict) and set(rest) == {"uri"} and rest["uri"] in known

    # From the server

    async def _from_server(self, message: Json) -> Routed:
        kind = messages.kind(message)
        asked = self._pending.pop(messages.key_of(message["id"]), "") if kind == "response" else ""
        if not asked and not self._unsolicited.admits():
            return self._unchecked(message) if kind == "request" else Routed()
        if not asked and not await self._is_well_marked(message):
            return Routed()
        match kind:
            case "response":
                return Routed(on=await self._response(message, asked))
            case "request":
                judged = await self._incoming(message, "params")
                if isinstance(judged, Verdict):
                    back = messages.error_response(message["id"], self._why(judged), judged.id)
                    return Routed(back=back)
                return Routed(on=judged)
            case "notification":
                judged = await self._incoming(message, "params")
                return Routed() if isinstance(judged, Verdict) else Routed(on=judged)
            case _:
                return Routed()

    async def _is_well_marked(self, message: Json) -> bool:
        """Whether the id and the method that the server has chosen say nothing else."""
        if not (marks := messages.marks_of(message)):
            return True
        verdict = await self._check(texts=marks, role="tool")
        return verdict.allowed and list(verdict.texts) == marks

    async def _response(self, message: Json, asked: str) -> Json:
        method = asked or messages.method_of(message.get("result"))
        if "error" not in message and method in messages.LISTS:
            return await self._listed(message, messages.LISTS[method], method)
        judged = await self._incoming(message, "error" if "error" in message else "result")
        if not isinstance(judged, Verdict):
            return judged
        if asked == "tools/call" and "result" in message:
            return self._stopped_call(message["id"], judged)
        return messages.error_response(message["id"], self._why(judged), judged.id)

    async def _incoming(self, message: Json, member: str) -> Json | Verdict:
        """The message with edited texts, or the verdict that stops it."""
        given = message.get(member)
        places = dict(messages.texts_of(given))
        names = list(dict.fromkeys(messages.names_of(given)))
        if not places and not names:
            return message
        blocks = {path: text for path, text in places.items() if path[:1] in _BLOCKS}
        apart = {path: text for path, text in places.items() if path not in blocks}
        named = " ".join(names)
        turns = [messages.turn(text) for text in (named, *apart.values())]
        verdict = await self._check(messages=[*turns, messages.turn(*blocks.values())])
        if not verdict.allowed:
            return verdict
        self._known([named, *places.values()], verdict)
        renamed, *texts = (part["text"] for turn in verdict.messages for part in turn["content"])
        new = zip({**apart, **blocks}.items(), texts, strict=True)
        edited = {path: text for (path, old), text in new if text != old}
        given = messages.put_texts(given, edited) if edited else given
        if renamed != named:
            given = messages.renamed(given, await self._edited_names(names))
        return {**message, member: given}

    async def _edited_names(self, names: list[str]) -> dict[str, str]:
        """The texts, oldest first. Read together they may form an instruction; values are looked
        for in each separately."""
        verdict = await self._check(texts=names, role="tool")
        if not verdict.allowed:
            raise GuardError("a name", 502, "name")
        return dict(zip(names, verdict.texts, strict=True))

    async def _listed(self, message: Json, member: str, method: str) -> Json:
        """A list without the entries that a rule stops. The rest of the message is judged too."""
        result = message["result"]
        items = result.get(member)
        if not isinstance(items, list) or len(items) > MAX_PENDING:
            raise GuardError("no list that can be checked", 502, "no_list")
        kept = [item for each in items for item in await self._entry(each, method)]
        uris = {str(i["uri"]) for i in kept if isinstance(i, dict) and "uri" in i}
        if len(self.catalog.offered) < MAX_PENDING:
            self.catalog.offered.update(uris)
        rest = {k: v for k, v in result.items() if k != member}
        judged = await self._incoming({**message, "result": rest}, "result")
        if isinstance(judged, Verdict):
            return messages.error_response(message["id"], self._why(judged), judged.id)
        return {**message, "result": {**judged["result"], member: kept}}

    async def _entry(self, item: Any, method: str) -> list[Any]:
        """The entry as it goes on; nothing if it is left out."""
        described = messages.described(item)
        verdict = await self._check(texts=[described], role="tool")
        edited = verdict.allowed and list(verdict.texts) != [described]
        if method == "tools/list" and isinstance(item, dict):
            self._note(str(item.get("name")), poisoned=not verdict.allowed)
        if not verdict.allowed or (edited and not isinstance(item, dict)):
            return []
        by = messages.ENTRY_IDS[method]
        return [await self._edited_entry(item, by) if edited else item]

    async def _edited_entry(self, item: Json, by: str) -> Any:
        """All but the name or address `by` which the entry is asked for."""
        judged = await self._incoming({"entry": {k: item[k] for k in item if k != by}}, "entry")
        if isinstance(judged, Verdict):
            raise GuardError("an entry", 502, "entry")
        return {k: v for k, v in item.items() if k == by} | judged["entry"]

    def _note(self, tool: str, *, poisoned: bool) -> None:
        known = self.catalog.poisoned
        if not poisoned:
            known.discard(tool)
        elif len(known) < MAX_PENDING or tool in known:
            known.add(tool)
        else:
            raise GuardError("too many tools that are left out", 502, "no_list")

    # Both

    async def _check(self, **what: Any) -> Verdict:
        return await self.guard.check(
            route=f"/mcp/{self.server}",
            conversation=self.conversation,
            language=self.language,
            **what,
        )

    def _known(self, texts: Sequence[str] | Any, verdict: Verdict) -> None:
        """Keeps results in which something was masked, for later arguments."""
        if not verdict.masks:
            return
        self._results.append("\n".join(texts)[:CONTEXT_CHARS])
        while len(self._results) > CONTEXT_RESULTS or (
            len(self._results) > 1 and sum(map(len, self._results)) > CONTEXT_CHARS
        ):
            self._results.popleft()

    def _remember(self, message: Json) -> None:
        self._pending[messages.key_of(message["id"])] = message["method"][:MAX_METHOD]
        if len(self._pending) > MAX_PENDING:
            self._pending.popitem(last=False)

    def _stopped_call(self, message_id: Any, verdict: Verdict) -> Json:
        return messages.stopped_result(message_id, self._why(verdict), verdict.id)

    def _why(self, verdict: Verdict) -> str:
        words: Mapping[str, str] = verdict.message or {}
        return verdict.reply or words.get(self.language) or STOPPED.get(self.language)


def _refused(message: Json, why: str, record: str = "") -> Routed:
    """The sender of a request gets an error, whoever awaits a response gets one in its place."""
    error, kind = messages.error_response(message.get("id"), why, record), messages.kind(message)
    return Routed(error if kind == "response" else None, error if kind == "request" else None)
