"""The stream machine: playbooks for its transitions, properties for what it promises."""

from __future__ import annotations

import json
import random
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from threegate.errors import ProtocolError
from threegate.guard.masking.mask import MaskMap
from threegate.guard.masking.placeholders import PlaceholderFinder
from threegate.guard.masking.restore import TextRestorer
from threegate.guard.stream.back_pressure import HIGH_WATER, LOW_WATER
from threegate.guard.stream.events import (
    AllowRelease,
    ClientDisconnected,
    Cut,
    Finish,
    JudgeSentence,
    PatternsScanned,
    Pause,
    RecordRulings,
    Release,
    Resume,
    ScanPatterns,
    SentenceJudged,
    TextReceived,
    UpstreamClosed,
)
from threegate.guard.stream.machine import Plan, State, StreamMachine
from threegate.types import Action, Channel, Ruling, Verdict

from tests.cases import cases
from tests.guard.machine import (
    CUT,
    EARLY,
    HOLD,
    PATTERNS,
    Driver,
    Shortened,
    fed,
    outcome,
    ruled,
)

MASKS = MaskMap(b"k" * 32)
PLACEHOLDER = MASKS.mask("pii.cn.id_card", "11010519491231002X")


def text_restorer(masks: MaskMap) -> TextRestorer:
    return TextRestorer(PlaceholderFinder(masks), Channel.CONTENT)


ATOMS = [
    "1",
    "23",
    "-",
    "123-456",
    "bad",
    "。",
    ". ",
    "\n",
    "你好",
    "word ",
    "！",
    " ",
    PLACEHOLDER,
]
ATOMS += [PLACEHOLDER.lower(), "[ID_", "Dr. ", "3.14", "“", "”", "\u2028", "😀"]
texts = st.lists(st.sampled_from(ATOMS), max_size=40).map("".join)


@st.composite
def cut_texts(draw: st.DrawFn) -> tuple[str, list[str]]:
    text = draw(texts)
    points = sorted(draw(st.sets(st.integers(0, len(text)), max_size=12)))
    bounds = [0, *points, len(text)]
    return text, [text[a:b] for a, b in pairwise(bounds)]


def drive(plan: Plan, pieces: list[str], seed: int, pattern: Action, judge: Action) -> Driver:
    driver = Driver(plan, pattern, judge, random.Random(seed), [text_restorer(MASKS)])
    return driver.run(pieces)


def test_a_playbook_of_one_redaction() -> None:
    machine = StreamMachine(PATTERNS, lambda r, t: "***")
    assert machine.receive(TextReceived("tel 12")) == [ScanPatterns("tel 12", 0, 0, False)]
    assert machine.receive(PatternsScanned(Verdict(), 4)) == [Release("tel ")]
    assert machine.held == 2
    assert machine.receive(TextReceived("3-456 ok")) == [
        ScanPatterns("tel 123-456 ok", 0, 4, False)
    ]
    found = ruled("id", 4, 11, Action.REDACT)
    assert machine.receive(PatternsScanned(Verdict(Action.REDACT, (found,)), 14)) == [
        RecordRulings((found,)),
        Release("*** ok"),
    ]
    assert machine.receive(UpstreamClosed()) == [ScanPatterns("tel 123-456 ok", 0, 14, True)]
    assert machine.receive(PatternsScanned(Verdict(), 14)) == [Finish()]
    assert machine.state is State.DONE


def test_a_playbook_of_a_held_sentence() -> None:
    plan = Plan(Channel.CONTENT, patterns=False, judge=True, hold=True)
    machine = StreamMachine(plan, lambda r, t: "")
    assert machine.receive(TextReceived("一句。二")) == []
    asked = JudgeSentence(0, "一句。", 0, 3, "")
    assert machine.receive(TextReceived("句在此。")) == [asked]
    assert machine.receive(UpstreamClosed()) == [JudgeSentence(1, "二句在此。", 3, 8, "一句。")]
    assert machine.receive(SentenceJudged(1, Verdict())) == []
    assert machine.receive(SentenceJudged(0, Verdict())) == [Release("一句。二句在此。"), Finish()]


def test_a_block_stops_at_its_first_character() -> None:
    machine = StreamMachine(PATTERNS, lambda r, t: "")
    machine.receive(TextReceived("ab123-456cd"))
    hit = ruled("id", 2, 9, Action.BLOCK)
    commands = machine.receive(PatternsScanned(Verdict(Action.BLOCK, (hit,)), 11))
    assert commands == [RecordRulings((hit,)), Release("ab"), Cut(hit)]
    assert machine.receive(TextReceived("more")) == []


def test_a_shadow_rule_is_recorded_only() -> None:
    machine = StreamMachine(PATTERNS, lambda r, t: "")
    machine.receive(TextReceived("ab"))
    hit = Ruling("r", Action.BLOCK, ruled("id", 0, 2, Action.BLOCK).finding, shadow=True)
    assert machine.receive(PatternsScanned(Verdict(Action.ALLOW, (hit,)), 2)) == [
        RecordRulings((hit,)),
        Release("ab"),
    ]


def test_reading_pauses_when_too_much_is_held() -> None:
    machine = StreamMachine(PATTERNS, lambda r, t: "")
    commands = machine.receive(TextReceived("1" * (HIGH_WATER + 1)))
    assert commands[0] == Pause()
    assert machine.receive(PatternsScanned(Verdict(), 0)) == []
    done = machine.receive(PatternsScanned(Verdict(), HIGH_WATER))
    assert done[-1] == Resume()


def test_events_that_a_state_does_not_allow() -> None:
    machine = StreamMachine(PATTERNS, lambda r, t: "")
    machine.receive(UpstreamClosed())
    with pytest.raises(ProtocolError, match="TextReceived in state DRAINING"):
        machine.receive(TextReceived("x"))


def test_a_client_that_left_ends_everything() -> None:
    machine = StreamMachine(PATTERNS, lambda r, t: "")
    assert machine.receive(ClientDisconnected()) == []
    assert machine.state is State.CUT


def test_a_block_waits_until_everything_before_it_is_known() -> None:
    machine = StreamMachine(HOLD, lambda r, t: "")
    machine.receive(TextReceived("一句。二句。"))
    stopped = ruled("id", 4, 5, Action.BLOCK)
    assert machine.receive(PatternsScanned(Verdict(Action.BLOCK, (stopped,)), 6)) == []
    assert machine.decided == 0
    assert machine.receive(UpstreamClosed())[0] == JudgeSentence(1, "二句。", 3, 6, "一句。")
    machine.receive(PatternsScanned(Verdict(), 6))
    assert machine.receive(SentenceJudged(0, Verdict())) == [Release("一句。")]
    assert machine.decided == 3
    earlier = ruled("bad", 3, 4, Action.BLOCK)
    assert machine.receive(SentenceJudged(1, Verdict(Action.BLOCK, (earlier,)))) == [
        RecordRulings((earlier,)),
        Cut(earlier),
    ]


def test_a_rule_that_cuts_does_not_wait_for_what_has_left() -> None:
    machine = StreamMachine(CUT, lambda r, t: "")
    assert fed(machine, "一句。二")[-1] == Release("一句。二")
    harm = ruled("bad", 0, 2, Action.BLOCK)
    assert machine.receive(SentenceJudged(0, Verdict(Action.BLOCK, (harm,)))) == [
        RecordRulings((harm,)),
        Cut(harm),
    ]


def test_an_edit_leaves_whole_or_not_at_all() -> None:
    machine = StreamMachine(PATTERNS, lambda r, t: f"({t})")
    machine.receive(TextReceived("ab123-456cd"))
    hit = ruled("id", 2, 9, Action.REDACT)
    assert machine.receive(PatternsScanned(Verdict(Action.REDACT, (hit,)), 5)) == [Release("ab")]
    assert machine.decided == 2
    assert machine.receive(AllowRelease(7)) == []
    machine.receive(UpstreamClosed())
    assert machine.receive(PatternsScanned(Verdict(), 11)) == []
    assert machine.receive(AllowRelease(9)) == [RecordRulings((hit,)), Release("(123-456)")]
    assert machine.decided == 11
    assert machine.receive(AllowRelease(11)) == [Release("cd")]
    assert machine.receive(AllowRelease(12)) == [Finish()]
    assert machine.decided == 12


def test_reading_goes_on_when_little_is_held_and_not_before() -> None:
    high, low = HIGH_WATER, LOW_WATER
    machine = StreamMachine(PATTERNS, lambda r, t: "")
    assert not isinstance(fed(machine, "1" * high, settled=0)[0], Pause)
    assert machine.held == high
    assert isinstance(machine.receive(TextReceived("1"))[0], Pause)
    assert machine.receive(TextReceived("1"))[0] != Pause()
    for left in (low + 1, low):
        told = machine.receive(PatternsScanned(Verdict(), high + 2 - left))
        assert Resume() not in told
        assert machine.held == left
    assert machine.receive(PatternsScanned(Verdict(), high + 3 - low))[-1] == Resume()
    assert Resume() not in machine.receive(PatternsScanned(Verdict(), high + 2))


def test_a_scan_that_would_find_nothing_is_left_out() -> None:
    def fast_path(text: str, start: int) -> int:
        asked.append((text, start))
        return -1 if "1" in text else len(text) - text.endswith("-")

    asked: list[tuple[str, int]] = []
    machine = StreamMachine(PATTERNS, lambda r, t: "", [Shortened()], fast_path=fast_path)
    assert machine.receive(TextReceived("ab-")) == [Release("ab")]
    assert machine.receive(TextReceived("c")) == [Release("-c")]
    assert machine.receive(TextReceived("<")) == []
    assert asked == [("ab-", 0), ("ab-c", 2), ("ab-c", 4)]
    (scan,) = machine.receive(TextReceived("--> d"))  # a value has come
    assert scan == ScanPatterns("ab-cv d", 0, 4, False)
    assert machine.receive(PatternsScanned(Verdict(), 7)) == [Release("v d")]
    assert isinstance(machine.receive(TextReceived("e" * 50))[0], ScanPatterns)
    last = StreamMachine(PATTERNS, lambda r, t: "", fast_path=fast_path)
    assert last.receive(TextReceived("ab-", last=True)) == [Release("ab-"), Finish()]
    other = StreamMachine(PATTERNS, lambda r, t: "", fast_path=fast_path)
    assert other.receive(TextReceived("1")) == [ScanPatterns("1", 0, 0, False)]


def test_what_replaces_a_part_of_arguments_leaves_them_json() -> None:
    arguments = Plan(Channel.TOOL_ARGUMENTS, patterns=True, judge=False, hold=False)
    machine = StreamMachine(arguments, lambda r, t: 'a "b"', [Shortened()], is_json=True)
    text = '{"to": "<-> 123-456", "n": 123456}'
    machine.receive(TextReceived(text))
    read = tuple(ruled("id", *at, Action.REDACT) for at in ((10, 17), (25, 31)))
    sent = tuple(ruled("id", *at, Action.REDACT) for at in ((12, 19), (27, 33)))
    told = machine.receive(PatternsScanned(Verdict(Action.REDACT, read), 32))
    assert told == [
        RecordRulings(sent),
        Release('{"to": "v a \\"b\\"", "n": "a \\"b\\""}'),
    ]
    assert json.loads(told[1].text) == {"to": 'v a "b"', "n": 'a "b"'}  # type: ignore[union-attr]


# What it promises, for any text


@given(cut_texts(), st.integers(0, 99), st.sampled_from([Action.REDACT, Action.BLOCK, Action.FLAG]))
@cases(120)
@example(("a123-456b", list("a123-456b")), 0, Action.BLOCK)
def test_any_cut_and_any_order_gives_the_same(
    case: tuple[str, list[str]], seed: int, action: Action
) -> None:
    text, pieces = case
    for plan, judge in ((PATTERNS, Action.BLOCK), (HOLD, Action.BLOCK), (HOLD, Action.REWRITE)):
        whole = outcome(drive(plan, [text], 0, action, judge))
        assert outcome(drive(plan, pieces, seed, action, judge)) == whole
        assert outcome(drive(plan, list(text), seed, action, judge)) == whole


@given(cut_texts(), st.integers(0, 99), st.sampled_from(["!", "1", "你", "[wW]"]))
@cases(120)
@example(
    ("word " * 30 + "bad. " + "word " * 30, ["word " * 30 + "b", "ad. " + "word " * 30]), 1, "!"
)
def test_a_text_that_leaves_as_it_grows_is_the_same_for_any_cut_and_any_order(
    case: tuple[str, list[str]], seed: int, near: str
) -> None:
    def grown(pieces: list[str], seed: int) -> Driver:
        order = random.Random(seed)
        driver = Driver(
            EARLY, Action.REDACT, Action.BLOCK, order, [text_restorer(MASKS)], near=near
        )
        return driver.run(pieces)

    text, pieces = case
    whole = grown([text], 0)
    assert "bad" not in whole.released
    assert (whole.cut is not None) == ("bad" in text)
    for some, order in ((pieces, seed), (list(text), seed + 1)):
        assert outcome(grown(some, order)) == outcome(whole)


@given(cut_texts(), st.integers(0, 99))
@cases(60)
def test_what_is_clear_ends_as_if_sentences_were_held(
    case: tuple[str, list[str]], seed: int
) -> None:
    _, pieces = case
    grown = drive(EARLY, pieces, seed, Action.REDACT, Action.BLOCK)
    held = drive(HOLD, pieces, seed, Action.REDACT, Action.BLOCK)
    assert outcome(grown)[1:] == outcome(held)[1:]
    assert grown.released.startswith(held.released)
    if held.cut is None:
        assert grown.released == held.released


@given(cut_texts(), st.integers(0, 99))
@cases(60)
def test_marks_are_the_same_for_any_cut_and_any_order(
    case: tuple[str, list[str]], seed: int
) -> None:
    def marked(pieces: list[str], seed: int) -> str:
        order = random.Random(seed)
        driver = Driver(
            HOLD, Action.REDACT, Action.ALLOW, order, [text_restorer(MASKS)], lambda r: "[1]"
        )
        return driver.run(pieces).released

    text, pieces = case
    whole = marked([text], 0)
    assert marked(pieces, seed) == marked(list(text), seed) == whole
    assert "123-456" not in whole
    assert whole.count("[1]") == text.count("bad")


def test_a_mark_stands_before_the_punctuation_that_ends_its_claim() -> None:
    machine = StreamMachine(HOLD, lambda r, t: "", mark=lambda r: "[1]")
    machine.receive(TextReceived("两年。It ends"))
    machine.receive(PatternsScanned(Verdict(), 10))
    first = machine.receive(SentenceJudged(0, Verdict(ruled=(ruled("c", 0, 3, Action.ALLOW),))))
    assert [c.text for c in first if isinstance(c, Release)] == ["两年[1]。"]
    machine.receive(UpstreamClosed())
    machine.receive(PatternsScanned(Verdict(), 10))
    last = machine.receive(SentenceJudged(1, Verdict(ruled=(ruled("c", 3, 10, Action.ALLOW),))))
    assert [c.text for c in last if isinstance(c, Release)] == ["It ends[1]"]


@given(cut_texts(), st.integers(0, 99))
@cases(60)
def test_nothing_of_a_value_leaves(case: tuple[str, list[str]], seed: int) -> None:
    for action in (Action.REDACT, Action.BLOCK, Action.MASK):
        driver = drive(HOLD, case[1], seed, action, Action.BLOCK)
        assert "123-456" not in driver.released
        assert "bad" not in driver.released


@given(cut_texts(), st.integers(0, 99))
@cases(60)
def test_without_findings_the_text_arrives_whole(case: tuple[str, list[str]], seed: int) -> None:
    text = case[0].replace(PLACEHOLDER, "").replace(PLACEHOLDER.lower(), "")
    for plan in (PATTERNS, HOLD, CUT):
        driver = Driver(plan, Action.FLAG, Action.FLAG, random.Random(seed)).run(list(text))
        assert driver.released == text
        assert driver.finished


@given(cut_texts(), st.integers(0, 99))
@cases(60)
def test_rules_that_cut_still_stop_the_stream(case: tuple[str, list[str]], seed: int) -> None:
    text, pieces = case
    driver = drive(CUT, pieces, seed, Action.FLAG, Action.BLOCK)
    assert (driver.cut is not None) == ("bad" in text)
    assert driver.finished == ("bad" not in text)


@pytest.mark.xfail(strict=True, reason="scan what arrived and hold a tail: the naive filter leaks")
@given(cut_texts())
def test_the_naive_filter_is_not_invariant(case: tuple[str, list[str]]) -> None:
    def naive(pieces: list[str]) -> str:
        out, tail = "", ""
        for piece in pieces:
            buffer = tail + piece
            scanned = buffer.replace("123-456", "<id>")
            out, tail = out + scanned[:-3], scanned[-3:]
        return out + tail

    text, pieces = case
    assert naive(pieces) == naive([text])


@given(cut_texts())
@cases(60)
def test_rules_judge_the_text_with_values_put_back(case: tuple[str, list[str]]) -> None:
    """`1` and a value that begins with `23-456` are one finding, wherever the text is cut."""
    masks = MaskMap(b"k" * 32)
    mask = masks.mask("pii.code", "-456")

    def run(pieces: list[str]) -> tuple[object, ...]:
        driver = Driver(PATTERNS, Action.REDACT, replacers=[text_restorer(masks)])
        return outcome(driver.run(pieces))

    whole = f"{case[0]} 123{mask} {case[0]}"
    seen = run([whole])
    assert seen == run(list(whole)) == run([" ".join(case[1])[:9], whole][1:])
    assert "123-456" not in str(seen[0])
    assert "<id>" in str(seen[0])
