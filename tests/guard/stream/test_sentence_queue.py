"""Sentences and steps: what is judged with what, and what leaves before a verdict."""

from __future__ import annotations

import re

from threegate.guard.stream.events import (
    CheckStep,
    Cut,
    JudgeSentence,
    RecordRulings,
    Release,
    SentenceJudged,
    TextReceived,
    UpstreamClosed,
)
from threegate.guard.stream.machine import Plan, StreamMachine
from threegate.types import Action, Channel, Failed, Reason, Ruling, Verdict

from tests.guard.machine import EARLY, LOCUS, Driver


def test_a_sentence_is_judged_with_the_characters_before_it() -> None:
    plan = Plan(Channel.CONTENT, patterns=False, judge=True, hold=True)
    machine = StreamMachine(plan, lambda r, t: "")
    text = "".join(f"第{n}句。" for n in range(1000, 1100))
    machine.receive(TextReceived(text))
    (asked,) = machine.receive(TextReceived("末句。再"))
    assert isinstance(asked, JudgeSentence)
    assert asked == JudgeSentence(99, "第1099句。", 99 * 7, 100 * 7, text[99 * 7 - 400 : 99 * 7])


def test_a_failure_counts_from_the_start_of_its_sentence() -> None:
    plan = Plan(Channel.CONTENT, patterns=False, judge=True, hold=True)
    machine = StreamMachine(plan, lambda r, t: "")
    assert len(machine.receive(TextReceived("一句。二句。三句。", last=True))) == 3
    assert machine.receive(SentenceJudged(0, Verdict())) == [Release("一句。")]
    assert machine.decided == 3
    failed = Ruling("r", Action.BLOCK, Failed("test", Reason.TIMEOUT, LOCUS))
    assert machine.receive(SentenceJudged(2, Verdict(Action.BLOCK, (failed,)))) == []
    assert machine.decided == 3
    assert machine.receive(SentenceJudged(1, Verdict())) == [
        RecordRulings((failed,)),
        Release("二句。"),
        Cut(failed),
    ]


def test_a_sentence_that_is_held_anyway_is_not_read_on() -> None:
    said = "Take the first road on the left, and then go on until you see the river. So it is."
    driver, read = Driver(EARLY, near="road"), list[str]()
    for event in (*map(TextReceived, re.findall(r"\S+\s?", said)), UpstreamClosed()):
        driver.do(driver.machine.receive(event))
        read += [asked.text for asked in driver.pending if isinstance(asked, CheckStep)]
        driver.answer(everything=True)
    assert read == ["Take the", " first road ", ". So it is."]
    assert driver.released == said


def test_clear_words_leave_before_their_sentence_has_ended() -> None:
    driver = Driver(EARLY, judge=Action.BLOCK)
    for word in ("Take ", "the ", "first ", "road ", "on ", "the ", "left, "):
        driver.do(driver.machine.receive(TextReceived(word)))
        driver.answer(everything=True)
    assert driver.released == "Take the first road "
    driver.do(driver.machine.receive(TextReceived("and then the bad one that leads to the ")))
    driver.answer(everything=True)
    assert driver.released == "Take the first road on the left, and then"
    driver.do(driver.machine.receive(TextReceived("river. So it is.")))
    driver.answer(everything=True)
    assert driver.cut is not None
    assert driver.released == "Take the first road on the left, and then the "
