# ruff: noqa: E501 - bilingual texts stay in one piece
"""Strength of constraint rules, aspect by aspect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from threegate.policy.language.vocabulary import (
    ACTION,
    ARGUMENTS,
    CHECK,
    HISTORY,
    IMAGES,
    PER,
    PLACE,
    SHOW,
    UNKNOWN,
)
from threegate.policy.model import Clamp, ConstraintRule, Fields, Limits, Reasoning, Tools
from threegate.policy.strictness.compare import (
    Aspect,
    Direction,
    callers,
    covering,
    glob,
    inverted,
    life,
    moved,
    ranked,
    same,
    texts,
    unclear,
    verbatim,
    worded,
    wording,
)
from threegate.types import Bilingual


def compare_constraints(old: ConstraintRule, new: ConstraintRule) -> tuple[Aspect, ...]:
    """Differences of two constraint rules of the same id."""
    return tuple(aspect for part in _PARTS for aspect in part(old, new))


def _added_removed(name: Bilingual, old: Any, new: Any) -> Iterator[Aspect]:
    """A part that only one side has; nothing if both or none do."""
    if old is None and new is not None:
        yield Aspect(Direction.STRICTER, Bilingual(f"增加{name.zh}", f"{name.en} added"))
    if old is not None and new is None:
        yield Aspect(Direction.LOOSER, Bilingual(f"去掉{name.zh}", f"{name.en} removed"))


def _constitution(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    name, a, b = Bilingual("约束文本", "constitution"), old.constitution, new.constitution
    yield from _added_removed(name, a, b)
    if a and b and a.text != b.text:
        if a.text in b.text:
            yield Aspect(Direction.STRICTER, Bilingual("约束文本有增加", "constitution extended"))
        else:
            yield from unclear(name, a.text, b.text)
    if a and b:
        yield from worded(
            Bilingual("约束文本的位置", "place of the constitution"), PLACE, a.place, b.place
        )
    before, after = ({c.text for c in r.clauses} for r in (old, new))
    if before - after:
        yield Aspect(Direction.LOOSER, Bilingual("去掉附加条款", "clause removed"))
    if after - before:
        yield Aspect(Direction.STRICTER, Bilingual("增加附加条款", "clause added"))


def _clamps(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    before, after = dict(old.clamp), dict(new.clamp)
    for name in sorted(before.keys() | after.keys()):
        label = Bilingual(f"{name} 的范围", f"bounds of {name}")
        a, b = before.get(name), after.get(name)
        yield from _added_removed(label, a, b)
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
        return Bilingual("删除参数", "parameter removed")
    low, high = _interval(clamp)
    if low == high:
        return verbatim(f"{low:g}")
    ends = [f"≥ {low:g}"] * (low > float("-inf")) + [f"≤ {high:g}"] * (high < float("inf"))
    return Bilingual("，".join(ends) or NO_LIMIT.zh, ", ".join(ends) or NO_LIMIT.en)


def _allow(
    name: Bilingual, old: Iterable[str] | None, new: Iterable[str] | None
) -> Iterator[Aspect]:
    """Allow-lists: None is everything, fewer is stricter."""
    if old is None or new is None:
        yield from _added_removed(name, old, new)
    else:
        yield from inverted(covering(name, old, new, glob))


def _models(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    a, b = old.models, new.models
    name = Bilingual("模型白名单", "model allow-list")
    yield from _allow(name, a.allow if a else None, b.allow if b else None)
    aliases = [dict(m.alias) if m else {} for m in (a, b)]
    yield from wording(Bilingual("模型别名", "model aliases"), *aliases)


_ANY_TOOLS = Tools(max=10**9, result_bytes=10**12)


def _tools(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    a, b = old.tools or _ANY_TOOLS, new.tools or _ANY_TOOLS
    yield from _allow(Bilingual("工具白名单", "tool allow-list"), a.allow, b.allow)
    yield from covering(Bilingual("禁用工具", "refused tools"), a.deny, b.deny, same)
    yield from ranked(
        Bilingual("工具参数检查", "tool argument check"), ARGUMENTS, a.arguments, b.arguments
    )
    yield from ceiling(Bilingual("工具个数上限", "most tools"), a.max, b.max)
    yield from ceiling(
        Bilingual("工具结果上限", "largest tool result"), a.result_bytes, b.result_bytes
    )


def ceiling(name: Bilingual, old: float | None, new: float | None) -> Iterator[Aspect]:
    """Upper limits: None is unlimited, lower is stricter."""
    if old != new:
        before, after = (float("inf") if v is None else v for v in (old, new))
        yield moved(name, before - after, _limit(old), _limit(new))


def _limit(value: float | None) -> Bilingual:
    return NO_LIMIT if value is None else verbatim(str(value))


NO_LIMIT = Bilingual("不限", "no limit")


def _fields(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    a, b = old.fields or Fields(), new.fields or Fields()
    yield from _allow(Bilingual("字段白名单", "field allow-list"), a.allow, b.allow)
    yield from covering(Bilingual("禁用字段", "refused fields"), a.deny, b.deny, same)
    yield from ranked(Bilingual("未知字段", "unknown fields"), UNKNOWN, a.unknown, b.unknown)
    yield from unclear(Bilingual("固定字段", "forced fields"), dict(a.force), dict(b.force))


def _reasoning(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    a, b = old.reasoning or Reasoning(), new.reasoning or Reasoning()
    yield from ranked(Bilingual("思考过程", "reasoning"), SHOW, a.show, b.show)
    yield from ranked(Bilingual("思考过程的检查", "check of reasoning"), CHECK, a.check, b.check)
    yield from worded(
        Bilingual("历史思考过程", "reasoning in history"), HISTORY, a.history, b.history
    )
    yield from wording(Bilingual("隐藏提示", "notice"), a.notice, b.notice)


def _limits(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    a, b = old.limits or Limits(), new.limits or Limits()
    for part, zh, en in _LIMIT_PARTS:
        yield from ceiling(Bilingual(zh, en), getattr(a, part), getattr(b, part))
    yield from ranked(Bilingual("限额的计算", "whose calls count together"), PER, a.per, b.per)


_LIMIT_PARTS = (
    ("requests_per_minute", "每分钟请求数", "requests per minute"),
    ("tokens_per_minute", "每分钟词元数", "tokens per minute"),
    ("tokens_per_day", "每天词元数", "tokens per day"),
    ("concurrency", "并发数", "concurrency"),
    ("context_tokens", "上下文词元数", "context tokens"),
)


def _formats(old: ConstraintRule, new: ConstraintRule) -> Iterator[Aspect]:
    name, a, b = Bilingual("回答格式", "answer format"), old.response_format, new.response_format
    yield from _added_removed(name, a, b)
    if a and b:
        yield from unclear(name, a.json_schema, b.json_schema)
        yield from unclear(Bilingual("必含的话", "required phrases"), a.must_say, b.must_say)
        yield from ceiling(Bilingual("回答长度", "length"), a.max_chars, b.max_chars)
        yield from ranked(
            Bilingual("格式不符时", "on invalid answer"), ACTION, a.on_invalid, b.on_invalid
        )
    yield from ranked(Bilingual("图片", "images"), IMAGES, old.images, new.images)


_PARTS: tuple[Callable[[ConstraintRule, ConstraintRule], Iterator[Aspect]], ...] = (
    _constitution, _clamps, _models, _tools, _fields, _reasoning, _limits, _formats, callers, life, texts,
)  # fmt: skip
