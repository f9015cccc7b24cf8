"""Every word of the policy language has both languages, and a diff in Chinese speaks Chinese."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import pytest
from threegate.gateway.answer.output_contract import ANSWER_FORMAT, TOOL_ARGUMENTS, TOOL_NAME
from threegate.guard import constraint, request_draft, request_fields, sampling_bounds
from threegate.policy.compile import build
from threegate.policy.language.load import load_bundle
from threegate.policy.language.problems import Severity
from threegate.policy.language.shapes import enum_values, hints
from threegate.policy.language.vocabulary import VOCABULARY, kind_named, kind_title
from threegate.policy.model import CompiledPolicy
from threegate.policy.schema import Pack
from threegate.policy.strictness.diff import describe, diff
from threegate.types import Reason

from tests.policy.packs import GOOD, spoiled, tree

GATES = (TOOL_NAME, TOOL_ARGUMENTS, ANSWER_FORMAT)
HAN = re.compile(r"[\u3400-\u9fff]")


def enums(kind: Any, seen: set[Any]) -> Iterator[type[Enum]]:
    """Every closed set of words that a pack can hold, found by walking the schema."""
    if kind in seen:
        return
    seen.add(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        yield kind
    elif isinstance(kind, type) and is_dataclass(kind):
        for spec in fields(kind):
            yield from enums(hints(kind)[spec.name], seen)
    for part in get_args(kind):
        yield from enums(part, seen)


OURS = (Severity, Reason)
"""Closed sets that no pack holds but that are said of packs and texts."""
WORDS = sorted(enums(Pack, set()), key=lambda kind: kind.__name__)


def test_the_vocabulary_is_that_of_the_schema() -> None:
    assert set(VOCABULARY) == {*WORDS, *OURS}
    assert len(WORDS) > 15


@pytest.mark.parametrize("kind", [*WORDS, *OURS], ids=lambda kind: kind.__name__)
def test_every_word_has_both_languages(kind: type[Enum]) -> None:
    scale = VOCABULARY[kind]
    assert set(scale) == set(kind)
    for words in scale.values():
        assert HAN.search(words.zh)
        assert words.en
        assert not HAN.search(words.en)
    assert len({words.zh for words in scale.values()}) == len(scale)
    assert len({words.en for words in scale.values()}) == len(scale)


STEPS = [
    ("mode: shadow", "mode: enforce"),
    ("then: {mask: {restore: client}}", "then: block"),
    ("then: {mask: {restore: client}}", "then: flag"),
    ("restore: client", "restore: never"),
    ("mask: {restore: client}", "mask: {restore: client, style: hash}"),
    ("where: [user, tool_result]", "where: [user, tool_result, system, tool_arguments]"),
    ("[pii.email, pattern", "[pii.email, pii.phone, pattern"),
    ("category.loans: high", "category.loans: low"),
    ("detect: {any: [pii.email", "level: high\n    detect: {any: [pii.email"),
    ("stream: cut", "stream: hold"),
    ("on_unsupported: annotate", "on_unsupported: block"),
    ("[tool_result, knowledge/products]}", "[tool_result, knowledge/products], unsupported: low}"),
    ("stream: cut", "stream: cut\n    on_error: flag\n    on_timeout: redact"),
    ("match: word", "match: sound"),
    ("level: metadata", "level: full"),
    ("on_failure: fail_request", "on_failure: spool"),
    (", on_failure: fail_request", ""),
    ("version: '1'", "version: '1'\nlabel: header"),
    ("deny: [prefix]", "deny: [prefix], unknown: refuse"),
    ("reasoning:", "images: deny\n      reasoning:"),
    ("deny: [shell]", "deny: [shell], arguments: schema"),
    ("constitution: {file: answers/constitution.md}",
     "constitution: {file: answers/constitution.md, place: first_user}"),
    ("max: 0.7", "max: 0.6"),
    ("allow: [deepseek-r1]", "allow: []"),
]  # fmt: skip
LATIN = re.compile(r"[A-Za-z_]+(?:[./][A-Za-z0-9_]+)*")
NAMED = {
    "pii.phone", "category.loans", "loans", "temperature", "deepseek-r1", "deepseek", "r1", "r", "HTTP", "JSON", "Schema",
    "AI",
}  # fmt: skip
"""What an author, a standard or a request names: the same in every language."""


def policy(text: str = GOOD) -> CompiledPolicy:
    return build(load_bundle(tree(text), ["shop"]))


@pytest.mark.parametrize(("old", "new"), STEPS)
def test_an_aspect_in_chinese_has_no_word_of_the_language_left(old: str, new: str) -> None:
    (change,) = diff(policy(), policy(spoiled((old, new)))).changes
    assert change.aspects
    for aspect in change.aspects:
        assert set(LATIN.findall(aspect.text.zh)) <= NAMED, aspect.text.zh
        assert not HAN.search(aspect.text.en), aspect.text.en
    assert describe(change, "zh") != describe(change, "en")


def test_no_member_of_the_schema_stands_in_a_chinese_aspect() -> None:
    values = {word for kind in WORDS for word in enum_values(kind)}
    assert not values & NAMED


def test_what_the_constraint_layer_does_has_a_name() -> None:
    """The last word of each note in its source, and the kinds of the gates."""
    steps = (constraint, request_draft, request_fields, sampling_bounds)
    sources = [Path(step.__file__).read_text(encoding="utf-8") for step in steps]
    noted = {
        last.value
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("note", "set")
        if isinstance(last := node.args[-1], ast.Constant)
    }
    assert len(noted) > 5
    for kind in (*(f"constraint.{what}" for what in noted), *GATES):
        assert HAN.search(kind_title(kind).zh), kind
        assert not HAN.search(kind_title(kind).en)


def test_kinds_are_named_and_still_found_in_the_file() -> None:
    assert kind_named("pii.cn.id_card").zh == "居民身份证号（pii.cn.id_card）"
    assert kind_named("list.autumn").en == "word list autumn (list.autumn)"
    assert kind_named("nothing.known").zh == "nothing.known"
