"""The stream shell: any cut of the upstream's bytes gives the same answer, and nothing leaks."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.audit.log.record import Stage
from threegate.detectors.base import DetectorInfo, Scanned
from threegate.detectors.detector_set import DetectorSet
from threegate.guard.constraint_merge import Constraints
from threegate.guard.masking.mask import MaskMap
from threegate.policy.model import CompiledPolicy, Tools
from threegate.types import Action, Passage

from tests.cases import cases
from tests.gateway.shell import (
    COUNTED,
    STOP,
    BadWords,
    Heard,
    hear,
    made,
    policy,
    rule,
    stream_of,
    suite,
)
from tests.wire.cuts import cut_at

ID, MOBILE, KEY = "11010519491231002X", "13812345678", "sk-4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e"
MASKS = MaskMap(b"k" * 32)
PLACEHOLDER = MASKS.mask("pii.email", 'a"b@corp.cn')

PATTERNS = policy(
    rule("id", Action.BLOCK, "pii.cn.id_card"),
    rule("mobile", Action.REDACT, "pii.cn.mobile"),
    rule("key", Action.REDACT, "secret"),
)
EVERYTHING = policy(*PATTERNS.rules, rule("harm", Action.BLOCK, "hazard.test"))
SUITE = suite(BadWords())

ATOMS = [
    f"{before}{v}{after}" for v in (ID, MOBILE, KEY) for before, after in ("，，", "号。", "  ")
]
ATOMS += [PLACEHOLDER, "bad", "。", ". ", "手机", "我的身份证号是", "Hello ", "1", " ", "\n", "，"]
words = st.lists(st.sampled_from(ATOMS), max_size=6)


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    chopped = [_chop("".join(draw(words)), draw(st.integers(1, 5))) for _ in range(2)]
    arguments = _chop(json.dumps({"to": "".join(draw(words))}), draw(st.integers(1, 7)))
    data = stream_of(chopped[0], chopped[1], arguments if draw(st.booleans()) else ())
    points = draw(st.sets(st.integers(0, len(data)), max_size=30))
    return data, cut_at(data, points)


def _chop(text: str, size: int) -> list[str]:
    return [text[i : i + size] for i in range(0, len(text), size)]


def unescaped(arguments: str) -> str:
    """An event that is passed on whole keeps its own spelling of a character."""
    return re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), arguments)


def story(heard: Heard) -> tuple[object, ...]:
    return (
        heard.text(),
        heard.text("reasoning_content"),
        unescaped(heard.arguments()),
        heard.finish(),
        heard.stages,
    )


@given(streams())
@cases(75)
def test_every_cut_gives_the_same_answer_and_no_value_leaks(
    case: tuple[bytes, list[bytes]],
) -> None:
    data, pieces = case
    with asyncio.Runner() as runner:
        whole = runner.run(hear([data], PATTERNS, SUITE, MASKS))
        cut = runner.run(hear(pieces, PATTERNS, SUITE, MASKS))
    assert story(cut) == story(whole)
    for value in (ID, MOBILE, KEY, PLACEHOLDER):
        assert value not in cut.text() + cut.text("reasoning_content") + cut.arguments()


@given(streams())
@cases(50)
def test_held_sentences_do_not_depend_on_the_cut(case: tuple[bytes, list[bytes]]) -> None:
    data, pieces = case
    with asyncio.Runner() as runner:
        whole = runner.run(hear([data], EVERYTHING, SUITE, MASKS))
        cut = runner.run(hear(pieces, EVERYTHING, SUITE, MASKS))
    for name in ("content", "reasoning_content"):
        assert "bad" not in cut.text(name)
    if whole.stages == [Stage.COMPLETED]:
        assert story(cut) == story(whole)
    assert cut.stages == whole.stages


@given(streams(), st.integers(0, 2))
@cases(50)
def test_what_needs_no_task_is_the_same_answer(case: tuple[bytes, list[bytes]], slow: int) -> None:
    """Event by event, and cut anywhere; rulings that cut the answer among them."""
    data, pieces = case
    events = [e + b"\n\n" for e in data.split(b"\n\n")[:-1]]
    with asyncio.Runner() as runner:
        whole = runner.run(hear([data], PATTERNS, SUITE, MASKS))
        for some in (events, pieces):
            heard = runner.run(hear(some, PATTERNS, SUITE, MASKS, at_once=True, slow=slow))
            assert story(heard) == story(whole)


@given(streams())
@cases(50)
def test_held_sentences_leave_in_order_beside_what_needs_no_task(
    case: tuple[bytes, list[bytes]],
) -> None:
    data, _ = case
    events = [e + b"\n\n" for e in data.split(b"\n\n")[:-1]]
    with asyncio.Runner() as runner:
        whole = runner.run(hear([data], EVERYTHING, SUITE, MASKS))
        heard = runner.run(hear(events, EVERYTHING, SUITE, MASKS, at_once=True, slow=2))
    assert heard.stages == whole.stages
    if whole.stages == [Stage.COMPLETED]:
        assert story(heard) == story(whole)


async def test_pieces_of_one_text_need_no_task_unless_the_client_is_slow() -> None:
    events = [e + b"\n\n" for e in stream_of(["Hello "] * 9).split(b"\n\n")[:-1]]
    one = await hear(events, PATTERNS, SUITE, at_once=True)
    two = await hear(events, PATTERNS, SUITE, at_once=True, heard=Heard(b"", ready=False))
    assert one.text() == two.text() == "Hello " * 9
    assert (one.written, two.written) == (8, 0)


async def test_a_block_in_what_needs_no_task_ends_the_answer_at_once() -> None:
    """Without waiting for the next bytes of the upstream, of which there are none."""
    said = stream_of(["Hello ", "my ", "id ", ID, "，", " and more"])
    events = [e + b"\n\n" for e in said.split(b"\n\n")[:-1]]
    heard = await hear(events, PATTERNS, SUITE, at_once=True)
    assert heard.stages == [Stage.BLOCKED]
    assert "Hello my " in heard.text()
    assert "more" not in heard.text()


def run(data: bytes, *args: object) -> Heard:
    return asyncio.run(hear([data], *args))  # type: ignore[arg-type]


def test_a_masked_value_comes_back_in_arguments_as_valid_json() -> None:
    arguments = _chop(json.dumps({"to": PLACEHOLDER.lower()}), 2)
    heard = run(stream_of(["好"], [], arguments), PATTERNS, SUITE, MASKS)
    assert json.loads(heard.arguments()) == {"to": 'a"b@corp.cn'}


def test_a_block_ends_the_stream_validly() -> None:
    heard = run(stream_of(["身份证", "号是110105", "19491231", "002X。", "more"]), PATTERNS, SUITE)
    assert heard.text().startswith("身份证号是")
    assert "1101" not in heard.text()
    assert heard.finish() == "content_filter"
    assert heard.stages == [Stage.BLOCKED]
    assert heard.data.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("detector", [BadWords(fail=True), BadWords(delay=30)])
def test_a_failing_detector_closes_the_guard(detector: BadWords) -> None:
    closed = policy(rule("harm", Action.BLOCK, "hazard.test", deadline_ms=50))
    heard = run(stream_of(["Nothing wrong here. ", "Really."]), closed, suite(detector))
    assert heard.finish() == "content_filter"
    assert "Nothing" not in heard.text()
    assert heard.stages == [Stage.BLOCKED]


@pytest.mark.parametrize("size", [1, 2, 5, 8, 11, 40])
def test_a_value_in_pieces_over_a_field_that_no_adapter_knows_does_not_leave(size: int) -> None:
    told = f"call {MOBILE}, and thanks"
    pieces = [{"note": piece, "content": "x "} for piece in _chop(told, size)]
    data = b"".join(made(0, **delta) for delta in pieces) + stream_of([])
    heard = run(data, PATTERNS, SUITE)
    assert heard.text("note") == "call [MOBILE_REMOVED], and thanks"
    assert heard.text() == "x " * len(pieces)
    assert heard.stages == [Stage.COMPLETED]


def test_an_upstream_that_ends_without_done_is_finished_all_the_same() -> None:
    data = stream_of(["Hello there"]).removesuffix(b"data: [DONE]\n\n")
    heard = run(data, PATTERNS, SUITE)
    assert heard.text() == "Hello there"
    assert len(heard.stages) == 1


@pytest.mark.parametrize(("deny", "passes"), [(("send_all",), False), (("drop",), True)])
async def test_a_tool_name_in_pieces_is_judged_as_a_whole(
    deny: tuple[str, ...], passes: bool
) -> None:
    def piece(**function: str) -> bytes:
        return made(0, tool_calls=[{"index": 0, "function": function}])

    pieces = [piece(name="send"), piece(name="_all"), piece(arguments="{}"), STOP]
    rules = Constraints(tools=(("tools", Tools(deny=deny)),))
    heard = await hear(pieces, policy(), suite(), constraints=rules)
    assert heard.finish() == ("stop" if passes else "content_filter")
    assert (b'"_all"' in heard.data) is passes


async def test_a_tool_call_without_arguments_is_judged_by_its_name() -> None:
    call = {"index": 0, "function": {"name": "drop"}}
    rules = Constraints(tools=(("tools", Tools(allow=("find",))),))
    pieces = [made(0, tool_calls=[call]), STOP]
    heard = await hear(pieces, policy(), suite(), constraints=rules)
    assert heard.finish() == "content_filter"
    assert b"drop" not in heard.data


@dataclass
class Counted:
    """Patterns that find nothing, and how often they were asked."""

    asked: int = 0
    info: DetectorInfo = COUNTED

    def scan(self, passage: Passage, *, final: bool = True) -> Scanned:
        self.asked += 1
        return Scanned((), len(passage.text))


async def test_pieces_that_come_together_are_scanned_and_sent_together() -> None:
    counted = Counted()
    counting = DetectorSet(lambda kinds: (counted,), (), {"counted": ("secret.x",)})
    rules = policy(rule("secret", Action.REDACT, "secret.x"))
    pieces = [made(0, content=f"word{n} ") for n in range(50)]
    heard = await hear([b"".join([*pieces, STOP])], rules, counting)
    assert heard.text() == "".join(f"word{n} " for n in range(50))
    assert counted.asked == 2  # the text, and its end
    await hear([*pieces, STOP], rules, counting)
    assert counted.asked == 2 + 50 + 1


@pytest.mark.parametrize("said", ["hello", f"my number is {ID}."])
async def test_without_its_last_record_a_stream_ends_in_an_error(said: str) -> None:
    heard = await hear([stream_of([said])], PATTERNS, SUITE, stored=False)
    assert heard.stages in ([Stage.COMPLETED], [Stage.BLOCKED])
    assert heard.payloads()[-1]["error"]["code"] == "audit_unavailable"
    assert heard.finish() is None
    assert b"[DONE]" not in heard.data


@pytest.mark.parametrize("said", ["All is well.", "It is bad."])
async def test_a_record_that_fails_while_the_model_is_silent_is_told(said: str) -> None:
    heard = await hear([stream_of([said])], EVERYTHING, SUITE, stored=False, silent=200)
    assert heard.stages in ([Stage.COMPLETED], [Stage.BLOCKED])
    assert heard.payloads()[-1]["error"]["code"] == "audit_unavailable"
    assert b"[DONE]" not in heard.data


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_late_verdict_ends_the_stream_while_the_model_is_silent(at_once: bool) -> None:
    """The call ends too, so the connection to the model API is given back."""
    said, late = stream_of(["All is well. ", "This is bad. ", "And"]), suite(BadWords(delay=0.01))
    async with asyncio.timeout(20):
        heard = await hear([_unended(said)], EVERYTHING, late, silent=None, at_once=at_once)
    assert heard.stages == [Stage.BLOCKED]
    assert heard.finish() == "content_filter"
    assert heard.data.endswith(b"data: [DONE]\n\n")
    assert "bad" not in heard.text()


@pytest.mark.parametrize("stored", [True, False])
async def test_what_ends_a_stream_is_told_before_the_call_ends(stored: bool) -> None:
    """The record takes time; the reader of a silent model does not interrupt it."""
    said = _unended(stream_of([f"my number is {ID}.", " And more."]))
    async with asyncio.timeout(20):
        heard = await hear([said], PATTERNS, SUITE, silent=None, stored=stored, slow=5)
    assert heard.stages == [Stage.BLOCKED]
    assert heard.data.endswith(b"data: [DONE]\n\n") or not stored


def _unended(said: bytes) -> bytes:
    """Without the end of the text and of the stream."""
    return b"".join(e + b"\n\n" for e in said.split(b"\n\n")[:-3])


@pytest.mark.parametrize("silent", [0, 200])
@pytest.mark.parametrize("rules", [PATTERNS, EVERYTHING])
async def test_a_bug_of_ours_ends_the_stream_in_an_error(
    monkeypatch: pytest.MonkeyPatch, rules: CompiledPolicy, silent: int
) -> None:
    def broken(ruled: object) -> None:
        raise LookupError("secret text must not be told")

    monkeypatch.setattr("threegate.gateway.answer.event_queue.notes_of", broken)
    heard = Heard(b"")
    with pytest.raises(LookupError):
        await hear(
            [stream_of([f"我的手机{MOBILE}，对。"])], rules, SUITE, silent=silent, heard=heard
        )
    assert [p["error"]["code"] for p in heard.payloads() if "error" in p] == ["internal_error"]
    assert heard.stages == [Stage.ABORTED]
    assert b"secret" not in heard.data
