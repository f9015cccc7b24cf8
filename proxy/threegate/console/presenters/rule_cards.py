"""Rules of two policies compared, as cards: each rule of which a key, a test or the text that it
tells a model differs; a new one in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from threegate.console.presenters.cards import compared_rows
from threegate.console.presenters.part_cards import LABELS, pack_titles, packs_of
from threegate.console.presenters.punctuation import aside
from threegate.console.presenters.rule_words import Rows, definition_rows, rule_rows
from threegate.console.presenters.test_results import sample
from threegate.policy.facade import Checked
from threegate.policy.language.load import Bundle
from threegate.policy.schema import AnyRule, ConstraintRule
from threegate.policy.testing.cases import rule_cases

Place = tuple[str, str]
"""A rule's id and its pack. A pack may replace a rule of one that it builds on, which other calls
still get."""


def rule_cards(old: Checked, new: Checked, language: str) -> list[dict[str, Any]]:
    """Rules that differ, or what they tell a model."""
    titles = pack_titles(old, new, language)
    sides = [_Side(_rules(side), side.bundles, titles, language) for side in (old, new)]
    cards = []
    for places in _pairs(sides[0].rules, sides[1].rules):
        rules = [side.rules.get(at) if at else None for side, at in zip(sides, places, strict=True)]
        rows = [side.rows(at) if at else {} for side, at in zip(sides, places, strict=True)]
        if rules[0] != rules[1] or _told(rows[0]) != _told(rows[1]) or places[0] != places[1]:
            found = _card(rules[0], rules[1], rows, language)
            cards.append(found | {"tests": _test_rows(*(_tests(r, language) for r in rules))})
    return cards


def _rules(checked: Checked) -> dict[Place, AnyRule]:
    packs = packs_of(checked).items()
    return {(rule.id, name): rule for name, pack in packs for rule in pack.rules}


def _told(rows: Rows) -> str:
    return rows.get("constitution_text", ("", ""))[1]


def _pairs(
    before: Mapping[Place, AnyRule], after: Mapping[Place, AnyRule]
) -> Iterator[tuple[Place | None, Place | None]]:
    """The places of each rule on both sides; one may have moved to another pack."""
    left = [place for place in before if place not in after]
    for place in after:
        moved = next((p for p in left if p[0] == place[0]), None)
        was = place if place in before else moved
        if was in left:
            left.remove(was)
        yield was, place
    yield from ((place, None) for place in left)


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two policies."""

    rules: Mapping[Place, AnyRule]
    bundles: tuple[Bundle, ...]
    titles: Mapping[str, str]
    language: str

    def rows(self, place: Place) -> Rows:
        rule, (_, pack) = self.rules[place], place
        found = rule_rows(rule, self.language)
        found |= definition_rows(rule, self.bundles, self.language)
        label = LABELS["rule_pack"].get(self.language)
        return found | {"pack": (label, aside(self.titles[pack], pack, self.language))}


def _card(
    old: AnyRule | None, new: AnyRule | None, sides: list[Rows], language: str
) -> dict[str, Any]:
    some = new or old
    assert some is not None
    head: dict[str, Any] = {"id": some.id, "title": some.title.get(language)}
    head["files"] = sorted({path for rule in (old, new) if rule for path in _files(rule)})
    return head | compared_rows(old is None, new is None, *sides)


def _files(rule: AnyRule) -> Iterator[str]:
    yield rule.at.file
    if isinstance(rule, ConstraintRule) and rule.then.constitution:
        yield rule.then.constitution.file


def _tests(rule: AnyRule | None, language: str) -> dict[str, dict[str, Any]]:
    """The tests of a rule, each by everything that it says."""
    rows = (sample(case, language) for case in (rule_cases(rule) if rule else ()))
    return {" ".join(map(str, row.values())): row for row in rows}


def _test_rows(
    old: Mapping[str, dict[str, Any]], new: Mapping[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Those of the new rule, new ones marked; then those that were removed."""
    rows = [row | {"fate": "" if key in old else "added"} for key, row in new.items()]
    return rows + [row | {"fate": "removed"} for key, row in old.items() if key not in new]
