"""Two policies compared for the person who approves the step: in words, rule by rule, and as text.

Nothing is left out: a rule is listed if any of its keys or tests differs, a new one in full; the
text of every changed file follows, so `unchanged` is true only if no file and no choice of packs
differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from threegate.console.presenters import policies
from threegate.console.presenters.rule_words import definition_rows, rule_rows
from threegate.console.presenters.test_results import by_id, sample
from threegate.console.presenters.text_diff import file_changes
from threegate.policy.compile import layered
from threegate.policy.facade import Checked
from threegate.policy.schema import AnyRule
from threegate.policy.strictness.diff import diff_sets


def compared(old: Checked, new: Checked, language: str) -> dict[str, Any]:
    """`changes` in words, `rules` as cards, `texts` as differences of files."""
    words = diff_sets(old.policies, new.policies) if old.policies and new.policies else ()
    texts = file_changes(_texts(old), _texts(new))
    packs = _packs(old, new)
    return {
        "changes": [policies.change_row(c, language) for c in words],
        "rules": _cards(old, new, language),
        "texts": texts,
        "packs": packs,
        "unchanged": not texts and not packs["on"] and not packs["off"],
    }


def _texts(checked: Checked) -> dict[str, str]:
    return {path: text.decode("utf-8", "replace") for path, text in checked.files.items()}


def _packs(old: Checked, new: Checked) -> dict[str, list[str]]:
    """Packs that are enabled and disabled."""
    before, after = ([p.pack for b in c.bundles for p in b.packs] for c in (old, new))
    return {
        "on": list(dict.fromkeys(p for p in after if p not in before)),
        "off": list(dict.fromkeys(p for p in before if p not in after)),
    }


def rules_of(checked: Checked) -> dict[str, AnyRule]:
    return {rule.id: rule for bundle in checked.bundles for rule, _ in layered(bundle)}


def _cards(old: Checked, new: Checked, language: str) -> list[dict[str, Any]]:
    """Rules that differ, or whose words, patterns or tests do."""
    before, after = rules_of(old), rules_of(new)
    tests = [_tests(checked, language) for checked in (old, new)]
    cards = []
    for id in {**after, **before}:
        rules = before.get(id), after.get(id)
        defined = [_defined(r, c, language) for r, c in zip(rules, (old, new), strict=True)]
        if rules[0] != rules[1] or defined[0] != defined[1]:
            sides = [_worded(r, language) | d for r, d in zip(rules, defined, strict=True)]
            found = _card(id, *rules, sides, language)
            cards.append(found | {"tests": _test_rows(*(t.get(id, {}) for t in tests))})
    return cards


def _worded(rule: AnyRule | None, language: str) -> dict[str, tuple[str, str]]:
    return rule_rows(rule, language) if rule else {}


def _defined(rule: AnyRule | None, checked: Checked, language: str) -> dict[str, tuple[str, str]]:
    return definition_rows(rule, checked.bundles, language) if rule else {}


def _card(
    id: str,
    old: AnyRule | None,
    new: AnyRule | None,
    sides: list[dict[str, tuple[str, str]]],
    language: str,
) -> dict[str, Any]:
    some = new or old
    assert some is not None
    fate = "added" if old is None else "removed" if new is None else "changed"
    before, after = sides
    return {
        "id": id,
        "title": some.title.get(language),
        "fate": fate,
        "rows": [_row(before.get(key), after.get(key)) for key in {**after, **before}],
    }


def _row(old: tuple[str, str] | None, new: tuple[str, str] | None) -> dict[str, Any]:
    label = (new or old or ("", ""))[0]
    before, after = old[1] if old else "", new[1] if new else ""
    changed = before != after
    if changed and "\n" in before and "\n" in after:
        before, after = _without(before, after), _without(after, before)
    return {"label": label, "before": before, "after": after, "changed": changed}


def _without(text: str, other: str) -> str:
    """The lines of a long text that the other does not have; `…` for those between."""
    known = set(other.split("\n"))
    kept = ["…" if line in known else line for line in text.split("\n")]
    return "\n".join(line for line, _ in groupby(kept))


def _tests(checked: Checked, language: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Tests by rule, each by what it says."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for id, case in by_id(checked.bundles).items():
        row = sample(case, language) | {"id": id}
        key = f"{row['expect']} {row['channel']} {row['text']}"
        found.setdefault(case.rule_id, {})[key] = row
    return found


def _test_rows(
    old: Mapping[str, dict[str, Any]], new: Mapping[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Those of the new rule, new ones marked; then those that were removed."""
    rows = [row | {"fate": "" if key in old else "added"} for key, row in new.items()]
    return rows + [row | {"fate": "removed"} for key, row in old.items() if key not in new]
