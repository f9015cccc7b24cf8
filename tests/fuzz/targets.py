"""What is fuzzed: each target makes inputs as bytes and runs them; anything but the errors that the
interface names is a crash. `scripts/fuzz` runs them for a time, `test_corpus.py` a little."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from threegate.audit import AuditSettings
from threegate.console.errors import ConsoleError
from threegate.console.forms.rule_form import RuleForm, edited
from threegate.errors import AuditError, RequestError, UpstreamError
from threegate.policy.facade import check
from threegate.policy.language.load import DictTree, load_text
from threegate.policy.language.patterns import PatternError, compile_pattern
from threegate.testing import shapes
from threegate.testing.responses import Responses
from threegate.testing.scripts import Prompt, Reply
from threegate.types import Action
from threegate.wire import ADAPTERS
from threegate.wire import json as strict_json
from threegate.wire.adapter import Api
from threegate.wire.base import Adapter
from threegate.wire.offered_tools import offered, without
from threegate.wire.request_schema import check as check_request

from tests.audit.export.test_bundle import check as check_export
from tests.audit.export.test_bundle import exported
from tests.fuzz.mutate import broken, documents, encoded
from tests.gateway.shell import hear, policy, rule, suite
from tests.wire.cuts import cut_at

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Target:
    inputs: st.SearchStrategy[bytes]
    run: Callable[[bytes], None]


REPLY = Reply("Call 13812345678 or a@b.co.", "hm 13812345678", (("send", {"to": "a@b.co"}),))
SHAPES: dict[Api, Any] = {
    Api.CHAT: shapes.Chat,
    Api.COMPLETIONS: shapes.Completions,
    Api.RESPONSES: Responses,
    Api.MESSAGES: shapes.Messages,
}
BY_API: dict[Api, Adapter] = {a.api: a for a in ADAPTERS}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
TURNS = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": [{"type": "text", "text": "13812345678"}]},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}]},
    {"role": "tool", "tool_call_id": "c", "content": "ok"},
]  # fmt: skip
REQUESTS: dict[Api, Sequence[Any]] = {
    Api.CHAT: ({"model": "m", "messages": TURNS, "tools": [TOOL], "stream": True},),
    Api.COMPLETIONS: ({"model": "m", "prompt": ["a", "b"], "suffix": "c"},),
    Api.RESPONSES: ({"model": "m", "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"}]}], "instructions": "b"},),
    Api.MESSAGES: ({"model": "m", "max_tokens": 9, "system": [{"type": "text", "text": "a"}], "messages": TURNS[1:2]},),
}  # fmt: skip


def read_request(api: Api, data: bytes) -> None:
    """Parsed strictly, then every text found, changed and put back."""
    adapter = BY_API[api]
    with suppress(RequestError):
        body = strict_json.parse(data)
        check_request(api, body)
        slots = adapter.request_slots(body)
        without(body, frozenset(tool.pointer for tool in offered(body)))
        adapter.streamed(body)
        adapter.choices(body)
        json.dumps(adapter.put(body, {slot.pointer: "x" for slot in slots}))


def _stream(api: Api) -> list[Any]:
    """The events of a stream as (event name, JSON or text)."""
    blocks = b"".join(SHAPES[api](Prompt(), REPLY, {"stream": True}).events()).split(b"\n\n")
    return [_event(block.decode()) for block in blocks if block]


def _event(block: str) -> list[Any]:
    fields = dict(line.split(": ", 1) for line in block.splitlines())
    data = fields["data"]
    return [fields.get("event"), json.loads(data) if data.startswith("{") else data]


def _as_stream(events: Any) -> bytes:
    """Whatever became of the events, as server-sent ones."""
    made = []
    for event in events if isinstance(events, list) else [events]:
        name, data = event if isinstance(event, list) and len(event) == 2 else (None, event)
        head = f"event: {name}\n" if isinstance(name, str) else ""
        text = data if isinstance(data, str) else json.dumps(data)
        made.append(f"{head}data: {text}\n\n".encode("utf-8", "surrogatepass"))
    return b"".join(made)


RULES = policy(rule("out.pii", Action.REDACT, "pii"), rule("out.secret", Action.BLOCK, "secret"))
SUITE = suite()


def read_stream(api: Api, data: bytes) -> None:
    """The same bytes give the same answer for two ways to cut them."""
    cuts = [[data], cut_at(data, range(0, len(data), 1 + len(data) % 13))]
    whole, pieces = (asyncio.run(_heard(api, cut)) for cut in cuts)
    assert whole == pieces


async def _heard(api: Api, pieces: Sequence[bytes]) -> tuple[bytes | str, ...]:
    try:
        heard = await hear(pieces, RULES, SUITE, adapter=BY_API[api])
    except UpstreamError as error:
        return (type(error).__name__,)
    return (*map(str, heard.stages),)


PACK = (ROOT / "policies/packs/secrets.yaml").read_bytes()


def read_policy(data: bytes) -> None:
    load_text(data, "packs/p.yaml")
    check(DictTree({"packs/p.yaml": data}), ["p"], today="2026-01-01")


_ATOMS = st.sampled_from(
    ["a", "\\d", "\\w", "[a-z]", "[^x]", ".", "\\b", "^", "$", "中", "(?i)", "\\p{Han}", "[[:alpha:]]", "\\Q.\\E", "(?P<n>a)", "\\x{4e00}", "|", "é"]
)  # fmt: skip
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.tuples(st.just("("), inner, st.just(")")).map("".join),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{1000}", "*?"])).map("".join),
    ),
    max_leaves=12,
)  # fmt: skip
_TEXTS = st.text(st.sampled_from("ax1. 中éA\n"), max_size=20)


def read_pattern(data: bytes) -> None:
    """A pattern compiles or is refused; what it finds are parts of the text that are not empty."""
    pattern, _, text = data.decode("utf-8", "replace").partition("\x00")
    try:
        made = compile_pattern(pattern)
    except PatternError:
        return
    assert all(0 <= span.start < span.end <= len(text) for span in made.find(text))


_WORDS = st.one_of(
    st.none(),
    st.sampled_from(["", "off", "shadow", "low", "high", "block", "flag", "2026-01-01", "x: y", "'", "|\n a", "\x00", "&a", "*a", "!!python"]),
    st.text(max_size=20),
)  # fmt: skip
_FORMS = st.fixed_dictionaries(
    dict.fromkeys(("mode", "level", "message_zh", "message_en", "review_by"), _WORDS)
    | {
        "drop_exception": st.text(max_size=5),
        "exception": st.none() | st.dictionaries(st.sampled_from(["field", "value", "reason", "expires", "id"]), st.text(max_size=10)),
    }
)  # fmt: skip


def read_form(data: bytes) -> None:
    """An edit is refused or leaves text that the strict reader takes."""
    given = json.loads(data)
    text = PACK.decode()
    rule_id = next(line.split(": ")[1] for line in text.splitlines() if "- id: " in line)
    try:
        made = edited(text, rule_id, RuleForm(**given))
    except ConsoleError:
        return
    load_text(made.encode("utf-8", "surrogatepass"), "packs/p.yaml")


@cache
def _export() -> tuple[AuditSettings, Path]:
    """One export for all inputs, made once."""
    folder = Path(tempfile.mkdtemp())
    settings = AuditSettings(url=f"sqlite:///{folder}/audit.db", directory=folder)
    return settings, asyncio.run(exported(settings)).directory


@st.composite
def _records(draw: st.DrawFn) -> bytes:
    _, directory = _export()
    rows = [json.loads(line) for line in (directory / "records.jsonl").read_bytes().splitlines()]
    changed = draw(documents([rows]))
    return b"\n".join(map(encoded, changed if isinstance(changed, list) else [changed]))


def verify(data: bytes) -> None:
    """Whatever is in an export, the verifier reports; it raises nothing but its own error."""
    settings, directory = _export()
    with tempfile.TemporaryDirectory() as name:
        copied = Path(name) / "export"
        shutil.copytree(directory, copied)
        (copied / "records.jsonl").write_bytes(data)
        with suppress(AuditError):
            check_export(settings, copied)


TARGETS: dict[str, Target] = {
    **{
        f"request-{api}": Target(broken(documents(seeds).map(encoded)), partial(read_request, api))
        for api, seeds in REQUESTS.items()
    },
    **{
        f"stream-{api}": Target(
            broken(documents([_stream(api)]).map(_as_stream)), partial(read_stream, api)
        )
        for api in SHAPES
    },
    "policy": Target(broken(st.just(PACK)), read_policy),
    "pattern": Target(
        st.tuples(_PATTERNS, _TEXTS).map(lambda pair: "\x00".join(pair).encode()), read_pattern
    ),
    "form": Target(_FORMS.map(encoded), read_form),
    "verifier": Target(st.deferred(lambda: broken(_records())), verify),
}
