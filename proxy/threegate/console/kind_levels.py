"""One kind in one rule: the level from which it counts, and whether the rule looks for it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ruamel.yaml.comments import CommentedMap

from threegate.console.errors import refusal
from threegate.console.forms.rule_form import dumped, find_rule, opened
from threegate.console.yaml_values import flow, set_list, texts
from threegate.policy.model.callers import matches
from threegate.policy.schema import Rule
from threegate.types import Level

PARTS = ("any", "all")


def level_of(rule: Rule, kind: str) -> Level:
    """The level from which a rule acts on a kind."""
    return next((lv for p, lv in rule.detect.levels.items() if matches(p, kind)), rule.level)


def named_in(rule: Rule, kind: str) -> bool:
    """Whether the rule names the kind itself, not only a family that it belongs to."""
    return kind in (*rule.detect.any, *rule.detect.all)


def with_level(text: str, rule_id: str, kind: str, level: str) -> str:
    """The pack with the level of a kind in a rule; empty: the rule's own level. Raises
    ConsoleError."""
    if level not in ("", "low", "medium", "high"):
        raise refusal("level")
    return _changed(text, rule_id, partial(_set_level, kind=kind, level=level))


def _set_level(detect: CommentedMap, kind: str, level: str) -> None:
    levels = detect.get("levels")
    if not level:
        if levels is not None and kind in levels:
            del levels[kind]
        if levels is not None and not levels:
            del detect["levels"]
        return
    if levels is None:
        levels = detect["levels"] = flow(CommentedMap())
    if levels and kind not in levels:
        levels.insert(0, kind, level)  # the first match counts, so a kind precedes its family
    else:
        levels[kind] = level


def with_kind(text: str, rule_id: str, kind: str) -> str:
    """The pack with a rule that looks for one more kind. Raises ConsoleError."""
    return _changed(text, rule_id, lambda d: set_list(d, "any", [*texts(d.get("any")), kind]))


def without_kind(text: str, rule_id: str, kind: str) -> str:
    """The pack with a rule that no longer names a kind. Raises ConsoleError `last` if nothing would
    be left."""
    return _changed(text, rule_id, partial(_drop, kind=kind))


def _drop(detect: CommentedMap, kind: str) -> None:
    kept = {part: [k for k in texts(detect.get(part)) if k != kind] for part in PARTS}
    if not any(kept.values()):
        raise refusal("last")
    for part in PARTS:
        set_list(detect, part, kept[part], keep_empty=False)
    _set_level(detect, kind, "")


def _changed(text: str, rule_id: str, change: Callable[[CommentedMap], None]) -> str:
    document = opened(text)
    change(find_rule(document, rule_id)["detect"])
    return dumped(document)
