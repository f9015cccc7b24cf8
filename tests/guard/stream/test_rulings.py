"""Rulings are reported in text order."""

from __future__ import annotations

from threegate.guard.stream.events import Cut, PatternsScanned, RecordRulings, Release, TextReceived
from threegate.guard.stream.machine import StreamMachine
from threegate.types import Action, Verdict

from tests.guard.machine import PATTERNS, ruled


def test_of_rulings_at_one_place_the_strongest_stops_and_all_are_in_order() -> None:
    machine = StreamMachine(PATTERNS, lambda r, t: "")
    machine.receive(TextReceived("ab123-456cd"))
    hits = [
        ruled("b", 2, 5, Action.BLOCK),
        ruled("a", 2, 5, Action.BLOCK),
        ruled("c", 2, 9, Action.FLAG),
        ruled("z", 0, 1, Action.FLAG),
    ]
    first = [hits[3], hits[1], hits[0], hits[2]]
    assert machine.receive(PatternsScanned(Verdict(Action.BLOCK, tuple(hits)), 11)) == [
        RecordRulings(tuple(first)),
        Release("ab"),
        Cut(hits[1]),
    ]
