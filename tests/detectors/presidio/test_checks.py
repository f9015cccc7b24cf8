"""A long text is read by arrays, and Presidio finds in it what it finds without them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from threegate.detectors.custom.pattern_parts import parsed
from threegate.detectors.engine.checksums import nric
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.digit_index import LONG
from threegate.detectors.engine.recognizer import Hit
from threegate.detectors.presidio.catalog import PREDEFINED
from threegate.detectors.presidio.engine import compact, mentions, raised, repaired, spelled
from threegate.detectors.presidio.national import WIDEST, Entity, level_of, stands
from threegate.detectors.presidio.places import Places
from threegate.types import Level

BY_ENTITY = {c().supported_entities[0]: c for c in PREDEFINED}
BEHIND = [*" ,\n号a_.-;", "", ".5", "-12", " 3", "\t", "_a", "–", " and "]
BETWEEN = [" ", " ", " ", ": ", "_", ":\n", "; ", " is ", "号 ", "-"]
DIGITS = "000111123456789"
"""So that many are dates."""

MORE = {"IN_GSTIN": ["[0-3][0-9][A-Z0-9]{5}[0-9]{4}[A-Z][A-Z0-9]Z[A-Z0-9]"] * 6}
"""Patterns of values that the check more often finds right."""


class Made:
    """Texts that a pattern matches, edges and what it looks at around itself aside."""

    def __init__(self, pattern: str, draw: Random) -> None:
        self._parts, self._draw = parsed(pattern.replace("(?i)", "")), draw
        self._groups: dict[int, str] = {}

    def text(self) -> str:
        return self._all(self._parts)

    def _all(self, parts: Any) -> str:
        return "".join(self._one(str(op), found) for op, found in parts)

    def _one(self, op: str, found: Any) -> str:
        match op:
            case "LITERAL":
                return chr(found)
            case "IN":
                return self._draw.choice("".join(map(self._member, found)))
            case "BRANCH":
                return self._all(self._draw.choice(found[1]))
            case "SUBPATTERN":
                self._groups[found[0]] = self._all(found[3])
                return self._groups[found[0]]
            case "GROUPREF":
                return self._groups[found]
            case "MAX_REPEAT":
                return "".join(
                    self._all(found[2]) for _ in range(self._draw.randint(found[0], found[1]))
                )
        return ""

    def _member(self, of: Any) -> str:
        match str(of[0]):
            case "RANGE":
                chars = "".join(map(chr, range(of[1][0], of[1][1] + 1)))
                return DIGITS if chars == "0123456789" else chars
            case "LITERAL":
                return chr(of[1])
        return {"CATEGORY_DIGIT": DIGITS, "CATEGORY_SPACE": " \t"}.get(str(of[1]), "aB3_")


def read(entity: str) -> Any:
    return repaired(BY_ENTITY[entity](supported_language="en"))


def text_of(entity: str, count: int, number: int = 0) -> str:
    draw, member = Random(f"{entity} {number}"), read(entity)
    patterns = [p.regex for p in member.patterns] + MORE.get(entity, [])
    made = [Made(pattern, draw) for pattern in patterns]
    out = []
    for _ in range(count):
        value = draw.choice(made).text()
        value = draw.choice((value, value, value, value.lower(), value[1:]))
        label = draw.choice((*member.context, ""))
        out.append(label + draw.choice(BETWEEN) + value + draw.choice(BEHIND))
    return "".join(out)


def told(entity: str, text: str) -> set[tuple[int, int, Level]]:
    """What Presidio says, where a label stands before."""
    member, view = read(entity), ScanText(text)
    found = [r for r in member.analyze(text, [entity]) if stands(text, r.start, r.end)]
    if entity == "SG_NRIC_FIN":
        found = [r for r in found if nric(compact(text[r.start : r.end]).upper())]
    said = mentions(tuple(member.context))
    return {
        (r.start, r.end, level_of(raised(r.score)))
        for r in found
        if said.search(spelled(view.before(r.start)))
    }


def spans(hits: Iterator[Hit]) -> set[tuple[int, int, Level]]:
    return {(hit.start, hit.end, hit.level) for hit in hits}


@pytest.mark.parametrize("entity", BY_ENTITY)
def test_arrays_find_what_presidio_finds(entity: str) -> None:
    text = text_of(entity, 4000)
    expected = told(entity, text)
    found = spans(Entity(read(entity)).of_long(Places(ScanText(text))))
    assert len(expected) > 10
    assert expected <= found
    for start, end, _ in (
        found - expected
    ):  # begins inside a near miss, which hides it from Presidio
        assert read(entity).analyze(text[start:end], [entity])
        assert len(found - expected) < len(expected) / 10


@pytest.mark.parametrize("entity", BY_ENTITY)
def test_a_short_text_is_read_as_presidio_reads_it(entity: str) -> None:
    for number in range(40):
        text = text_of(entity, 50, number)[: LONG - 1]
        assert spans(Entity(read(entity)).of_short(ScanText(text))) == told(entity, text)


@pytest.mark.parametrize("entity", BY_ENTITY)
def test_few_values_in_a_long_text_are_found(entity: str) -> None:
    for number in range(40):
        text = "号 " * LONG + text_of(entity, 4, number)
        assert spans(Entity(read(entity)).of_long(Places(ScanText(text)))) >= told(entity, text)


def test_no_value_is_wider_than_what_is_read_of_it() -> None:
    for member in map(read, BY_ENTITY):
        for pattern in member.patterns:
            assert parsed(pattern.regex.replace("(?i)", "")).getwidth()[1] < WIDEST


def test_other_forms_are_added_to_one_recognizer() -> None:
    assert len(read("TH_TNIN").patterns) == len(read("TH_TNIN").patterns)
