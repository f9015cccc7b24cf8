"""How far back scans look and what is kept: exact, since a text of the properties is too short."""

from __future__ import annotations

import re

import pytest
from threegate.detectors import base
from threegate.guard.stream.events import JudgeSentence, ScanPatterns, TextReceived
from threegate.guard.stream.machine import StreamMachine
from threegate.guard.stream.text import CONTEXT, KEPT, LOOKBEHIND
from threegate.types import Action

from tests.guard.machine import CUT, HOLD, PATTERNS, Driver, Shortened, fed


def test_old_text_is_forgotten() -> None:
    driver = Driver(HOLD, Action.REDACT, Action.BLOCK)
    driver.run(["一句话在这里。" * 10 for _ in range(200)], eager=True)
    assert driver.released == "一句话在这里。" * 2000
    assert len(driver.machine._text.text) < 20 * CONTEXT


def test_machine_and_detectors_agree_on_how_far_a_pattern_looks_back() -> None:
    assert LOOKBEHIND == base.LOOKBEHIND


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("w" * 64, 0),
        ("w" * 65, 0),
        ("w" * 300, 300 - 64 - 64),
        ("w" * 200 + "\n" + "w" * 99, 201),
        ("w" * 172 + "\n" + "w" * 127, 173),
        ("w" * 171 + "\n" + "w" * 128, 172),
        ("w" * 235 + "。" + "w" * 64, 236),
        ("w" * 236 + "。" + "w" * 63, 172),
        ("w" * 60 + "我" + "w" * 39, 0),
        ("w" * 30 + "我" + "w" * 69, 31),
    ],
)
def test_a_scan_begins_where_a_pattern_may_look_back_to(text: str, start: int) -> None:
    machine = StreamMachine(PATTERNS, lambda r, t: "")
    fed(machine, text)
    assert machine.receive(TextReceived("x")) == [
        ScanPatterns(text[start:] + "x", start, len(text), False)
    ]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("w" * 300 + f"<{'-' * 38}>", 340 - 64 - 39 - 64),  # 40 characters are 1
        ("w" * 300 + f"<{'-' * 38}>" * 2, 380 - 64 - 78 - 64),
        ("w" * 900 + f"<{'-' * 298}>", 1200 - 64 - 200 - 64),  # by 200 at most
        ("w" * 300 + f"<{'-' * 38}>" + "w" * 399, 739 - 64 - 39 - 64),
        ("w" * 300 + f"<{'-' * 38}>" + "w" * 400, 740 - 64 - 64),  # too far away
        ("w" * 300 + f"<{'-' * 98}>" + "w" * 20, 420 - 64 - 99 - 64),
        ("w" * 280 + f"<{'-' * 598}>" + "w" * 10, 280),  # never within a value
    ],
)
def test_a_scan_looks_back_as_far_in_what_the_client_reads(text: str, start: int) -> None:
    machine = StreamMachine(PATTERNS, lambda r, t: "", [Shortened()])
    fed(machine, text)
    (asked,) = machine.receive(TextReceived("x"))
    assert isinstance(asked, ScanPatterns)
    assert asked.offset == start
    assert asked.text == re.sub("<-*>", "v", text[start:]) + "x"
    assert asked.since == start + len(asked.text) - 1


def test_text_is_forgotten_when_enough_of_it_has_left() -> None:
    kept, back = KEPT, CONTEXT
    machine = StreamMachine(PATTERNS, lambda r, t: "")
    fed(machine, "w" * kept)
    assert machine.before(kept, 9 * kept) == "w" * kept
    fed(machine, "xy")
    assert machine.before(kept + 2, 9 * kept) == "w" * (back - 2) + "xy"
    assert machine.before(kept + 2, 3) == "wxy"
    assert machine.before(kept, 2) == "ww"
    assert machine.before(10, 5) == ""
    fed(machine, "z" * (4 * back))
    assert len(machine.before(9 * kept, 9 * kept)) == kept
    fed(machine, "z")
    assert len(machine.before(9 * kept, 9 * kept)) == back


def test_text_is_kept_while_a_sentence_or_a_scan_needs_it() -> None:
    judged = StreamMachine(CUT, lambda r, t: "")
    fed(judged, "w" * 5000)  # no sentence has ended: it is judged in pieces of some hundreds
    (*_, last) = (
        c for c in judged.receive(TextReceived("w" * 400)) if isinstance(c, JudgeSentence)
    )
    assert len(judged.before(5000, 9999)) == 5000 - last.offset + 400
    kept = StreamMachine(PATTERNS, lambda r, t: "")
    fed(kept, "w" * 5000, settled=2500)
    assert kept.held == 2500
    assert len(kept.before(5000, 9999)) == 5000 - 2100
    (scan,) = kept.receive(TextReceived("x"))
    assert isinstance(scan, ScanPatterns)
    assert scan.offset == 2500 - 64 - 64
