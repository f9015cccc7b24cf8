"""The stream shell: any cut of the upstream's bytes gives the same answer, and nothing leaks."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.audit.log.record import Stage
from threegate.detectors.base import DetectorInfo, Scanned
from threegate.detectors.detector_set import DetectorSet
from threegate.gateway.answer.tracks import AnswerContext
from threegate.guard.constraint_merge import Constraints
from threegate.guard.mask import MaskMap
from threegate.policy.model import CompiledPolicy, StreamMode, Tools
from threegate.testing import shapes
from threegate.testing.responses import Responses
from threegate.testing.scripts import Prompt, Reply
from threegate.types import Action, Failed, Finding, Level, Passage, Span
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Api

from tests.cases import cases
from tests.gateway.shell import INFO, BadWords, Heard, hear, policy, rule, stream_of, suite
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
@cases(2000)
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
@cases(300)
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
    data = b"".join(_said(0, **delta) for delta in pieces) + stream_of([])
    heard = run(data, PATTERNS, SUITE)
    assert heard.text("note") == "call [MOBILE_REMOVED], and thanks"
    assert heard.text() == "x " * len(pieces)
    assert heard.stages == [Stage.COMPLETED]


def test_a_failing_detector_may_be_let_through_by_the_rule() -> None:
    lenient = policy(rule("harm", Action.BLOCK, "hazard.test", on_error=Action.FLAG))
    heard = run(stream_of(["Nothing wrong. "]), lenient, suite(BadWords(fail=True)))
    assert heard.text() == "Nothing wrong. "
    assert heard.answer is not None
    assert [r.action for r in heard.answer.ruled] == [Action.FLAG]


def test_a_rule_that_cuts_lets_text_go_before_its_verdict() -> None:
    cutting = policy(rule("harm", Action.BLOCK, "hazard.test", stream=StreamMode.CUT))
    heard = run(stream_of(["All fine. ", "bad things. "]), cutting, suite(BadWords(delay=0.01)))
    assert heard.text().startswith("All fine. ")
    assert heard.stages == [Stage.BLOCKED]


def test_an_upstream_that_ends_without_done_is_finished_all_the_same() -> None:
    data = stream_of(["Hello there"]).removesuffix(b"data: [DONE]\n\n")
    heard = run(data, PATTERNS, SUITE)
    assert heard.text() == "Hello there"
    assert len(heard.stages) == 1


def test_personal_data_that_nobody_asked_with_is_a_leak() -> None:
    leaks = policy(rule("new", Action.REDACT, "leak.pii"))
    suite_with_leaks = suite()
    suite_with_leaks.kinds_of = {**suite_with_leaks.kinds_of, "new_pii": ("leak.pii",)}
    text = f"您的手机{MOBILE}，他的手机13987654321。"
    asked = AnswerContext(request_text="我的手机是138-1234-5678")
    heard = asyncio.run(hear([stream_of([text])], leaks, suite_with_leaks, question=asked))
    assert heard.text() == f"您的手机{MOBILE}，他的手机[MOBILE_REMOVED]。"


@dataclass
class Together:
    """Harm only where two halves stand together, in whatever texts of the answer they are."""

    info: DetectorInfo = INFO

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        return [self._one(p) for p in passages]

    def _one(self, passage: Passage) -> tuple[Finding, ...]:
        read = f"{passage.beside}\n{passage.before}{passage.text}"
        if not ("first half" in read and "second half" in read):
            return ()
        span = Span(0, len(passage.text))
        return (Finding("bad", "hazard.test", span, 0.9, Level.HIGH, passage.locus),)


def _said(choice: int, **delta: Any) -> bytes:
    choices = [{"index": choice, "delta": delta, "finish_reason": None}]
    return b"data: " + json.dumps({"id": "c", "choices": choices}).encode() + b"\n\n"


@pytest.mark.parametrize(
    ("events", "caught"),
    [
        ([(0, "content", "The first half. "), (0, "content", "The second half. ")], True),
        ([(0, "content", "The first half. "), (1, "content", "The second half. ")], True),
        ([(0, "reasoning_content", "The first half. "), (0, "content", "The second half. ")], True),
        ([(0, "content", "The first half. "), (1, "content", "The first half. ")], False),
        (
            [(0, "reasoning_content", "The first half. "), (1, "content", "The second half. ")],
            False,
        ),
    ],
)
async def test_harm_spread_over_sentences_choices_and_reasoning(
    events: list[tuple[int, str, str]], caught: bool
) -> None:
    data = [_said(choice, **{name: text}) for choice, name, text in events]
    data.append(b"data: [DONE]\n\n")
    harm = policy(rule("harm", Action.BLOCK, "hazard.test", stream=StreamMode.HOLD))
    heard = await hear(data, harm, suite(Together()))
    assert (heard.finish() == "content_filter") is caught


STOP = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


@pytest.mark.parametrize(("deny", "passes"), [(("send_all",), False), (("drop",), True)])
async def test_a_tool_name_in_pieces_is_judged_as_a_whole(
    deny: tuple[str, ...], passes: bool
) -> None:
    def piece(**function: str) -> bytes:
        return _said(0, tool_calls=[{"index": 0, "function": function}])

    pieces = [piece(name="send"), piece(name="_all"), piece(arguments="{}"), STOP]
    rules = Constraints(tools=(("tools", Tools(deny=deny)),))
    heard = await hear(pieces, policy(), suite(), constraints=rules)
    assert heard.finish() == ("stop" if passes else "content_filter")
    assert (b'"_all"' in heard.data) is passes


async def test_a_tool_call_without_arguments_is_judged_by_its_name() -> None:
    call = {"index": 0, "function": {"name": "drop"}}
    rules = Constraints(tools=(("tools", Tools(allow=("find",))),))
    pieces = [_said(0, tool_calls=[call]), STOP]
    heard = await hear(pieces, policy(), suite(), constraints=rules)
    assert heard.finish() == "content_filter"
    assert b"drop" not in heard.data


COUNTED = DetectorInfo("counted", ("secret.x",), INFO.title)


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
    pieces = [_said(0, content=f"word{n} ") for n in range(50)]
    heard = await hear([b"".join([*pieces, STOP])], rules, counting)
    assert heard.text() == "".join(f"word{n} " for n in range(50))
    assert counted.asked == 2  # the text, and its end
    await hear([*pieces, STOP], rules, counting)
    assert counted.asked == 2 + 50 + 1


@dataclass
class Late:
    """Patterns that find nothing and call the last characters unsettled."""

    held: int
    info: DetectorInfo = COUNTED

    def scan(self, passage: Passage, *, final: bool = True) -> Scanned:
        end = len(passage.text) + passage.offset
        return Scanned((), end if final else max(passage.offset, end - self.held))


@pytest.mark.parametrize(("held", "told"), [(0, [True] * 4), (3, [False] * 4)])
async def test_log_probabilities_of_a_held_text_do_not_leave(held: int, told: list[bool]) -> None:
    """While one piece is held the one before it leaves, which reads the same."""
    late = DetectorSet(lambda kinds: (Late(held),), (), {"counted": ("secret.x",)})
    tokens = {"content": [{"token": "go ", "logprob": -0.1, "top_logprobs": []}]}
    choice = {"index": 0, "delta": {"content": "go "}, "logprobs": tokens, "finish_reason": None}
    piece = b"data: " + json.dumps({"id": "c", "choices": [choice]}).encode() + b"\n\n"
    rules = policy(rule("secret", Action.REDACT, "secret.x"))
    heard = await hear([piece] * 4 + [STOP], rules, late)
    assert heard.text() == "go go go go "
    spoken = [c for p in heard.payloads() for c in p["choices"] if c["delta"].get("content")]
    assert [bool(c.get("logprobs")) for c in spoken] == told


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


@pytest.mark.parametrize("silent", [0, 200])
@pytest.mark.parametrize("rules", [PATTERNS, EVERYTHING])
async def test_a_bug_of_ours_ends_the_stream_in_an_error(
    monkeypatch: pytest.MonkeyPatch, rules: CompiledPolicy, silent: int
) -> None:
    def broken(ruled: object) -> None:
        raise LookupError("secret text must not be told")

    monkeypatch.setattr("threegate.gateway.answer.stream.notes_of", broken)
    heard = Heard(b"")
    with pytest.raises(LookupError):
        await hear(
            [stream_of([f"我的手机{MOBILE}，对。"])], rules, SUITE, silent=silent, heard=heard
        )
    assert [p["error"]["code"] for p in heard.payloads() if "error" in p] == ["internal_error"]
    assert heard.stages == [Stage.ABORTED]
    assert b"secret" not in heard.data


ARGUMENTS = {"text": f"Look it up: {PLACEHOLDER}, and more."}
SHAPES: dict[Api, Any] = {
    Api.CHAT: shapes.Chat,
    Api.RESPONSES: Responses,
    Api.MESSAGES: shapes.Messages,
}
PIECE = {Api.CHAT: "arguments", Api.RESPONSES: "delta", Api.MESSAGES: "partial_json"}


@pytest.mark.parametrize("together", [1, 2, 3, 1000])
@pytest.mark.parametrize("api", SHAPES)
async def test_arguments_come_after_the_name_however_many_events_come_at_once(
    api: Api, together: int
) -> None:
    reply = Reply(calls=(("lookup", ARGUMENTS),))
    events = list(SHAPES[api](Prompt(), reply, {}).events())
    pieces = [b"".join(events[i : i + together]) for i in range(0, len(events), together)]
    adapter = next(a for a in ADAPTERS if a.api is api)
    heard = await hear(pieces, PATTERNS, SUITE, MASKS, adapter=adapter)
    assert heard.stages == [Stage.COMPLETED]
    said = [(n, t) for n, t in _texts(heard.payloads()) if n in ("name", PIECE[api])]
    assert said[0] == ("name", "lookup")
    whole = "".join(text for name, text in said if name == PIECE[api])
    assert json.loads(whole) == {"text": ARGUMENTS["text"].replace(PLACEHOLDER, 'a"b@corp.cn')}


def _texts(value: Any) -> Iterator[tuple[str, str]]:
    """All fields with a text, in order, as a client meets them."""
    below = enumerate(value) if isinstance(value, list) else value.items()
    for name, inner in below:
        if isinstance(inner, str) and inner:
            yield str(name), inner
        elif isinstance(inner, dict | list):
            yield from _texts(inner)
