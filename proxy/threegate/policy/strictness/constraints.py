"""Strength of constraint rules, aspect by aspect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from threegate.policy.model import Clamp, Clause, ConstraintRule, Fields, Limits, Reasoning, Tools
from threegate.policy.strictness.compare import (
    NAMES,
    Aspect,
    Direction,
    Name,
    all_of,
    callers,
    covering,
    each,
    glob,
    inverted,
    labels,
    life,
    moved,
    present,
    ranked,
    removed,
    unclear,
    verbatim,
    worded,
    wording,
)
from threegate.types import Bilingual


def compare_constraints(old: ConstraintRule, new: ConstraintRule) -> tuple[Aspect, ...]:
    """Differences of two constraint rules of the same id."""
    return tuple(_PARTS(old, new))


def _constitution(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    a, b = old.constitution, new.constitution
    if a and not b:
        yield removed("constitution")
    if a and b:
        if a.text not in b.text:
            yield from unclear("constitution", a.text, b.text)
        yield from worded("constitution_place", a.place, b.place)
    if {c.text for c in old.clauses} - {c.text for c in new.clauses}:
        yield removed("clause")


def instructions(rule: ConstraintRule) -> tuple[Aspect, ...]:
    """That nobody judged what a new rule tells the model; empty where it tells it nothing."""
    return tuple(_instructions(replace(rule, constitution=None, clauses=()), rule))


def _instructions(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    """Texts that are new, or that more calls are told."""
    more = any(a.direction is Direction.STRICTER for a in _REACH(old, new))
    before = _texts(old)
    for name, texts in _texts(new).items():
        if texts - before[name] or (texts and more):
            yield Aspect(Direction.UNJUDGED, NAMES[f"{name}_unjudged"])


def _texts(rule: ConstraintRule) -> dict[str, frozenset[str | Clause]]:
    constitution = [rule.constitution.text] if rule.constitution else []
    return {"constitution": frozenset(constitution), "clause": frozenset(rule.clauses)}


def _clamps(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    before, after = dict(old.clamp), dict(new.clamp)
    for name in sorted(before.keys() | after.keys()):
        label = Bilingual(f"{name} 的范围", f"bounds of {name}")
        a, b = before.get(name), after.get(name)
        yield from present(label, a, b)
        if a and b and a != b:
            yield from _clamp(label, a, b)


def _clamp(name: Bilingual, a: Clamp, b: Clamp) -> Iterator[Aspect]:
    (low_a, high_a), (low_b, high_b) = _interval(a), _interval(b)
    words = (_bounds(c) for c in (a, b))
    if (low_a, high_a) == (low_b, high_b):
        yield from wording(Bilingual(f"{name.zh}的默认值", f"default in {name.en}"), a, b)
    elif low_b >= low_a and high_b <= high_a:
        yield moved(name, 1, *words)
    else:
        yield moved(name, -1, *words)


def _interval(clamp: Clamp) -> tuple[float, float]:
    """Values that can reach the model; a dropped field reaches it with none."""
    if clamp.force is not None:
        return clamp.force, clamp.force
    if clamp.drop:
        return float("inf"), float("-inf")
    low = float("-inf") if clamp.min is None else clamp.min
    return low, float("inf") if clamp.max is None else clamp.max


def _bounds(clamp: Clamp) -> Bilingual:
    if clamp.drop:
        return NAMES["parameter_removed"]
    low, high = _interval(clamp)
    if low == high:
        return verbatim(f"{low:g}")
    ends = [f"≥ {low:g}"] * (low > float("-inf")) + [f"≤ {high:g}"] * (high < float("inf"))
    return Bilingual("，".join(ends), ", ".join(ends)) if ends else NAMES["no_limit"]


def _allow(name: str, old: Iterable[str] | None, new: Iterable[str] | None) -> Iterator[Aspect]:
    """Allow-lists: None is everything, fewer is stricter."""
    if old is None or new is None:
        yield from present(name, old, new)
    else:
        yield from inverted(covering(name, old, new, glob))


def _models(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    a, b = old.models, new.models
    yield from _allow("models_allow", a.allow if a else None, b.allow if b else None)
    yield from wording("models_alias", *(dict(m.alias) if m else {} for m in (a, b)))


_ANY_TOOLS = Tools(max=10**9, result_bytes=10**12)


def _tools(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    a, b = old.tools or _ANY_TOOLS, new.tools or _ANY_TOOLS
    yield from _allow("tools_allow", a.allow, b.allow)
    yield from covering("tools_deny", a.deny, b.deny)
    yield from ranked("tools_arguments", a.arguments, b.arguments)
    yield from ceiling("tools_max", a.max, b.max)
    yield from ceiling("tools_result_bytes", a.result_bytes, b.result_bytes)


def ceiling(name: Name, old: float | None, new: float | None) -> Iterator[Aspect]:
    """Upper limits: None is unlimited, lower is stricter."""
    if old != new:
        before, after = (float("inf") if v is None else v for v in (old, new))
        yield moved(name, before - after, _limit(old), _limit(new))


def _limit(value: float | None) -> Bilingual:
    return NAMES["no_limit"] if value is None else verbatim(str(value))


def _fields(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    a, b = old.fields or Fields(), new.fields or Fields()
    yield from _allow("fields_allow", a.allow, b.allow)
    yield from covering("fields_deny", a.deny, b.deny)
    yield from ranked("fields_unknown", a.unknown, b.unknown)
    yield from unclear("fields_force", dict(a.force), dict(b.force))


def _reasoning(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    parts = all_of(each(ranked, "show", "check"), each(worded, "history"), each(wording, "notice"))
    yield from parts(old.reasoning or Reasoning(), new.reasoning or Reasoning())


_LIMITS = all_of(
    each(ceiling, "requests_per_minute", "tokens_per_minute", "tokens_per_day", "concurrency"),
    each(ceiling, "context_tokens"),
    each(ranked, "per"),
)


def _limits(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    yield from _LIMITS(old.limits or Limits(), new.limits or Limits())


_FORMAT = all_of(each(unclear, "must_say"), each(ceiling, "max_chars"), each(ranked, "on_invalid"))


def _formats(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    a, b = old.response_format, new.response_format
    yield from present("response_format", a, b)
    if a and b:
        yield from unclear("response_format", a.json_schema, b.json_schema)
        yield from _FORMAT(a, b)


_REACH = all_of(callers, life)
_PARTS = all_of(
    _constitution, _instructions, _clamps, _models, _tools, _fields, _reasoning, _limits, _formats,
    each(ranked, "images"), _REACH, labels,
)  # fmt: skip
