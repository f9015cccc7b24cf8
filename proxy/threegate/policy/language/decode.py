"""Nodes to schema values. Collects every problem; a value with a problem is left at its default or
dropped.

A dataclass whose required keys are missing is not built: the decoder returns MISSING_VALUE and the
parent drops it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import Field, fields, is_dataclass, replace
from difflib import get_close_matches
from enum import Enum
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from threegate.policy.language.nodes import MAX_PROBLEMS, Mapping, Node, Scalar, Sequence
from threegate.policy.language.problems import Mark, Problem, problem
from threegate.policy.language.shapes import (
    Form,
    Word,
    enum_values,
    hints,
    is_required,
    key_of,
    specs,
)
from threegate.policy.schema import ConstraintRule, Rule, Sample, Then
from threegate.types import Bilingual, Layer

MISSING_VALUE = object()
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d{1,17})?")
_RULE = re.compile(r"rules\[([\w.-]+)\]")
_TYPES = {
    "bool": ("布尔值", "boolean"),
    "int": ("数字", "number"),
    "float": ("数字", "number"),
    "null": ("空值", "null"),
    "timestamp": ("日期", "date"),
    "merge": ("合并键", "merge key"),
    "value": ("特殊值", "special value"),
}


class Decoder:
    """`decode(node, annotation, name)` for every annotation that `schema` uses."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def decode(self, node: Node, kind: Any, name: str) -> Any:
        origin, args = get_origin(kind), get_args(kind)
        if kind is Any:
            return self._free(node)
        if origin is Annotated:
            return self._text(node, name, next(a for a in args if isinstance(a, Form)))
        if origin in (Union, UnionType):
            return self._union(node, args, name)
        if origin is tuple:
            return self._tuple(node, args[0], name)
        if origin is dict:
            return self._dict(node, args, name)
        if kind is Bilingual:
            return self._bilingual(node, name)
        if is_dataclass(kind):
            return self._object(node, kind, name)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return self._enum(node, kind, name)
        return self._scalar(node, kind, name)

    def _fail(self, code: str, at: Mark, **details: object) -> Any:
        where = str(details.get("owner") or details.get("name"))
        found = problem(code, at, **details)
        if place := _RULE.match(where):
            found = replace(found, rule_id=place[1], part=where[place.end() :].lstrip("."))
        self.problems.append(found)
        return MISSING_VALUE

    def _wrong(self, node: Node, name: str, zh: str, en: str) -> Any:
        if isinstance(node, Scalar) and node.yaml_type == "null":
            return self._fail("empty-value", node.at, name=name)
        return self._fail("wrong-type", node.at, name=name or "pack", zh_type=zh, en_type=en)

    # --- scalars

    def _scalar(self, node: Node, kind: Any, name: str) -> Any:
        if not isinstance(node, Scalar):
            zh, en = {str: ("文字", "a text"), bool: ("true 或 false", "true or false")}.get(
                kind, ("数字", "a number")
            )
            return self._wrong(node, name, zh, en)
        if kind is str:
            return self._text(node, name, None)
        if node.yaml_type == "null":
            return self._fail("empty-value", node.at, name=name)
        readers: dict[Any, Callable[[Scalar], Any]] = {
            bool: self._bool,
            int: self._int,
            float: self._float,
        }
        return readers[kind](node)

    def _bool(self, node: Scalar) -> Any:
        if node.plain and node.value in ("true", "false"):
            return node.value == "true"
        return self._fail("not-boolean", node.at, name=_short(node.value))

    def _int(self, node: Scalar) -> Any:
        if node.plain and _INTEGER.fullmatch(node.value):
            return int(node.value)
        return self._fail("not-integer", node.at, name=_short(node.value))

    def _float(self, node: Scalar) -> Any:
        if node.plain and _NUMBER.fullmatch(node.value):
            return float(node.value)
        return self._fail("not-number", node.at, name=_short(node.value))

    def _text(self, node: Node, name: str, form: Form | None) -> Any:
        if not isinstance(node, Scalar):
            return self._wrong(node, name, "文字", "a text")
        if node.yaml_type == "null":
            return self._fail("empty-value", node.at, name=name)
        if node.yaml_type != "str" and not (form and form.plain):
            zh, en = _TYPES.get(node.yaml_type, _TYPES["value"])
            short = _short(node.value)
            return self._fail("ambiguous-text", node.at, name=short, zh_type=zh, en_type=en)
        if form and not form.regex.fullmatch(node.value):
            return self._misformed(node, name, form)
        return Word(node.value, node.at)

    def _misformed(self, node: Scalar, name: str, form: Form) -> Any:
        if form.name == "date":
            return self._fail("not-date", node.at, name=_short(node.value))
        code = "bad-path" if form.name == "path" else "bad-format"
        shown = _short(node.value) if form.name == "path" else name
        return self._fail(code, node.at, name=shown, zh_rule=form.rule.zh, en_rule=form.rule.en)

    def _enum(self, node: Node, kind: type[Enum], name: str) -> Any:
        if not isinstance(node, Scalar):
            return self._wrong(node, name, "一个词", "one word")
        values = enum_values(kind)
        if node.value in values:
            return values[node.value]
        if node.yaml_type == "null":
            return self._fail("empty-value", node.at, name=name)
        guess = _guess(node.value, list(values))
        return self._fail("unknown-value", node.at, name=_short(node.value), owner=name, **guess)

    def _free(self, node: Node) -> Any:
        """Plain JSON data, YAML 1.2 core words only."""
        match node:
            case Sequence():
                return [self._free(item) for item in node.items]
            case Mapping():
                return {k: self._free(v) for k, (_, v) in node.pairs.items()}
            case Scalar(value=value) if not node.plain or node.yaml_type == "str":
                return value
            case Scalar(value=("true" | "false") as value):
                return value == "true"
            case Scalar(value=("null" | "~" | "")):
                return None
        return self._free_number(node)

    def _free_number(self, node: Scalar) -> Any:
        if _INTEGER.fullmatch(node.value):
            return int(node.value)
        if _NUMBER.fullmatch(node.value):
            return float(node.value)
        return self._text(node, node.value, None)

    # --- collections

    def _union(self, node: Node, args: tuple[Any, ...], name: str) -> Any:
        kinds = [a for a in args if a is not NoneType]
        if kinds == [Rule, ConstraintRule]:
            return self._object(node, _rule_kind(node), name)
        return self.decode(node, next((k for k in kinds if _fits(node, k)), kinds[0]), name)

    def _tuple(self, node: Node, kind: Any, name: str) -> Any:
        if not isinstance(node, Sequence):
            return self._wrong(node, name, "列表 [ … ]", "a list [ … ]")
        made = (self.decode(item, kind, _named(item, name)) for item in node.items)
        return tuple(value for value in made if value is not MISSING_VALUE)

    def _dict(self, node: Node, args: tuple[Any, ...], name: str) -> Any:
        if not isinstance(node, Mapping):
            return self._wrong(node, name, "键值 { … }", "keys and values { … }")
        made: dict[str, Any] = {}
        for key, (at, value) in node.pairs.items():
            word = self.decode(Scalar(at, key, plain=False), args[0], f"{name}.{key}")
            result = self.decode(value, args[1], f"{name}.{key}")
            if word is not MISSING_VALUE and result is not MISSING_VALUE:
                made[word] = result
        return MappingProxyType(made)

    def _bilingual(self, node: Node, name: str) -> Any:
        if not isinstance(node, Mapping):
            return self._wrong(node, name, "{zh: …, en: …}", "{zh: …, en: …}")
        self._unknown_keys(node, ["zh", "en"], name)
        texts = [self._part(node, key, name) for key in ("zh", "en")]
        return MISSING_VALUE if MISSING_VALUE in texts else Bilingual(*texts)

    def _part(self, node: Mapping, key: str, name: str) -> Any:
        if key not in node.pairs:
            return self._fail("missing-key", node.at, owner=name, name=key)
        return self._text(node.pairs[key][1], f"{name}.{key}", None)

    def _object(self, node: Node, kind: Any, name: str) -> Any:
        if isinstance(node, Scalar):
            node = _shorthand(node, kind)
        if not isinstance(node, Mapping):
            return self._wrong(node, name, "键值 { … }", "keys and values { … }")
        keys = {key_of(f): f for f in specs(kind)}
        self._unknown_keys(node, list(keys), name)
        values = {f.name: self._field(node, key, f, kind, name) for key, f in keys.items()}
        if any(v is MISSING_VALUE and _required(keys, n) for n, v in values.items()):
            return MISSING_VALUE
        given = {n: v for n, v in values.items() if v is not MISSING_VALUE}
        marks = {key: at for key, (at, _) in node.pairs.items()}
        return kind(at=node.at, marks=marks, **given)

    def _field(self, node: Mapping, key: str, spec: Field[Any], kind: Any, name: str) -> Any:
        if key not in node.pairs:
            if is_required(spec):
                self._fail("missing-key", node.at, owner=name or "pack", name=key)
            return MISSING_VALUE
        label = f"{name}.{key}" if name else key
        value = self.decode(node.pairs[key][1], hints(kind)[spec.name], label)
        return self._within(value, spec, node.pairs[key][1].at, label)

    def _within(self, value: Any, spec: Field[Any], at: Mark, name: str) -> Any:
        bounds = spec.metadata.get("range")
        if bounds is None or not isinstance(value, (int, float)):
            return value
        low, high = bounds
        if low <= value <= high and math.isfinite(value):
            return value
        return self._fail("out-of-range", at, name=name, low=low, high=high)

    def _unknown_keys(self, node: Mapping, known: list[str], name: str) -> None:
        for key, (at, _) in node.pairs.items():
            if len(self.problems) >= MAX_PROBLEMS:
                return
            if key not in known:
                owner = name or "pack"
                self._fail("unknown-key", at, owner=owner, name=_short(key), **_guess(key, known))


def _required(keys: dict[str, Field[Any]], name: str) -> bool:
    return next(is_required(f) for f in keys.values() if f.name == name)


def _named(item: Node, name: str) -> str:
    """`rules[pii.email]`: items with an id are named by it."""
    id = item.pairs.get("id") if isinstance(item, Mapping) else None
    return f"{name}[{_short(id[1].value)}]" if id and isinstance(id[1], Scalar) else name


def _fits(node: Node, kind: Any) -> bool:
    """For `text or list` the list; for `text or {zh: …, en: …}` the texts in both languages."""
    match node:
        case Sequence():
            return get_origin(kind) is tuple
        case Mapping():
            return kind is Bilingual
    return False


def _rule_kind(node: Node) -> type:
    layer = node.pairs.get("layer") if isinstance(node, Mapping) else None
    is_constraint = layer and isinstance(layer[1], Scalar) and layer[1].value == Layer.CONSTRAINT
    return ConstraintRule if is_constraint else Rule


def _shorthand(node: Scalar, kind: Any) -> Node:
    """`then: flag` is `then: {flag: {}}`; a test that is only a text becomes `{text: …}`."""
    if kind is Then and node.value in {f.name for f in fields(Then)}:
        return Mapping(node.at, {node.value: (node.at, Mapping(node.at))})
    if kind is Sample:
        return Mapping(node.at, {"text": (node.at, node)})
    return node


def _guess(word: str, known: list[str]) -> dict[str, str]:
    close = get_close_matches(word[:100], known, n=1, cutoff=0.6)
    zh, en = (f"是否想写 {close[0]}？", f"Did you mean {close[0]}? ") if close else ("", "")
    return {"zh_guess": zh, "en_guess": en, "known": ", ".join(known)}


def _short(value: str) -> str:
    return value if len(value) <= 40 else value[:37] + "..."
