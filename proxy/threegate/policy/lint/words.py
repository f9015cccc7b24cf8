# ruff: noqa: E501 - bilingual texts stay in one piece
"""Lints of word lists, patterns and categories."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

from threegate.policy.language.patterns import Pattern, PatternError, compile_pattern
from threegate.policy.language.problems import Mark, Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Findings, Found, Subject, checks
from threegate.policy.lint.detection import detector_kind
from threegate.policy.schema import DetectorSpec, ListSpec, Match
from threegate.policy.strictness.compare import includes
from threegate.types import Bilingual, Layer

_HAN = re.compile(r"[\u3400-\u9fff]")
_COMMON_WORDS = (
    "的 了 是 我 你 他 她 在 有 和 不 这 那 就 都 我们 你们 他们 什么 一个 没有 可以 怎么 知道 现在 时候 "
    "the a an and or of to in is it you i he she we they that this for on with as are be at by from not what how"
)
COMMON = frozenset(_COMMON_WORDS.split())
ORDINARY = (
    "今天天气很好，我们一起去公园散步，然后回家做饭。",
    "请帮我把这段话翻译成英文，语气正式一些。",
    "Please help me write a short e-mail to my colleague about the meeting on Monday.",
    "The function returns a list of 3 items, sorted by date (2026-01-31).",
)
"""Sentences that no pattern for sensitive values should match."""
MIN_EXAMPLES = 5


def shortest(word: str) -> int:
    """The fewest characters that a word of this script needs so that it does not match
    everywhere."""
    return 2 if _HAN.search(word) else 3


def _lists(subject: Subject) -> Iterator[tuple[ListSpec, Iterator[tuple[str, Mark]]]]:
    for pack in subject.packs:
        yield from ((spec, _placed(subject, spec)) for spec in pack.lists.values())


def _placed(subject: Subject, spec: ListSpec) -> Iterator[tuple[str, Mark]]:
    """Words with their positions."""
    yield from ((str(word), place(word)) for word in spec.words)
    if spec.file and spec.file in subject.bundle.files:
        for number, line in enumerate(subject.bundle.text(spec.file).split("\n"), start=1):
            word = line.strip()
            if word and not word.startswith("#"):
                yield word, Mark(spec.file, number)


def _patterns(subject: Subject) -> Iterator[DetectorSpec]:
    for pack in subject.packs:
        yield from (spec for spec in pack.detectors.values() if spec.regex)


@checks("short-word", Severity.WARNING)
def short_word(subject: Subject) -> Findings:
    for spec, words in _lists(subject):
        for word, at in words:
            if len(word) < shortest(word) and spec.match is Match.SUBSTRING:
                yield at


@checks("common-word")
def common_word(subject: Subject) -> Findings:
    for _, words in _lists(subject):
        yield from (at for word, at in words if word.casefold() in COMMON)


@checks("repeated-word", Severity.WARNING)
def repeated_word(subject: Subject) -> Findings:
    for _, words in _lists(subject):
        seen: Counter[str] = Counter()
        for word, at in words:
            seen[word.casefold()] += 1
            if seen[word.casefold()] == 2:
                yield at


@checks("asked-answers", Severity.WARNING)
def asked_answers(subject: Subject) -> Findings:
    lists = (found for pack in subject.packs for found in pack.lists.items())
    asked = {f"list.{name}" for name, spec in lists if spec.match is Match.ASKED}
    for rule in subject.rules:
        if rule.layer is Layer.OUTPUT:
            kinds = (*rule.detect.any, *rule.detect.all, *rule.detect.none)
            found = (place(kind, rule.detect.at) for kind in kinds if kind in asked)
            yield from (Found(at, rule=rule.id) for at in found)


@checks("unused-detector", Severity.WARNING)
def unused(subject: Subject) -> Findings:
    used = [k for r in subject.rules for k in (*r.detect.any, *r.detect.all, *r.detect.none)]
    used += [k for c in subject.constraints for clause in c.then.clauses for k in clause.kinds]
    for pack in subject.packs:
        made = [(f"list.{n}", s.at) for n, s in pack.lists.items()]
        made += [(detector_kind(n, s), s.at) for n, s in pack.detectors.items()]
        for kind, at in made:
            if not any(includes(u, kind) for u in used):
                yield Found(at, Bilingual(f"没有规则使用 {kind}", f"no rule uses {kind}"))


@checks("bad-pattern")
def bad_pattern(subject: Subject) -> Findings:
    for spec in _patterns(subject):
        try:
            compile_pattern(spec.regex or "")
        except PatternError as error:
            yield Found(
                spec.mark("regex"),
                Bilingual(
                    f"正则表达式不能用：{error.text.zh}",
                    f"the pattern cannot be used: {error.text.en}",
                ),
            )


def _usable(subject: Subject) -> Iterator[tuple[DetectorSpec, Pattern]]:
    for spec in _patterns(subject):
        with suppress(PatternError):
            regex, digits = spec.regex or "", spec.check_digits
            yield spec, compile_pattern(regex, edges=spec.edges, check_digits=digits)


@checks("empty-pattern")
def empty_pattern(subject: Subject) -> Findings:
    for spec, _ in _usable(subject):
        if compile_pattern(spec.regex or "").compiled.search("") is not None:
            yield spec.mark("regex")


@checks("broad-pattern")
def broad_pattern(subject: Subject) -> Findings:
    for spec, pattern in _usable(subject):
        if any(next(pattern.find(text), None) for text in ORDINARY):
            yield spec.mark("regex")


@checks("no-examples")
def no_examples(subject: Subject) -> Findings:
    for spec in _patterns(subject):
        if not (spec.examples.match and spec.examples.no_match):
            yield spec.mark("examples")


@checks("wrong-example")
def wrong_example(subject: Subject) -> Findings:
    for spec, pattern in _usable(subject):
        wrong = [e for e in spec.examples.match if not any(pattern.find(e))]
        wrong += [e for e in spec.examples.no_match if any(pattern.find(e))]
        yield from (place(example, spec.at) for example in wrong)


@checks("few-examples", Severity.WARNING)
def few_examples(subject: Subject) -> Findings:
    for pack in subject.packs:
        for spec in pack.detectors.values():
            category = spec.category
            if (
                category
                and min(len(category.examples), len(category.counter_examples)) < MIN_EXAMPLES
            ):
                yield category.at


@checks("regex-or-category")
def regex_or_category(subject: Subject) -> Findings:
    for pack in subject.packs:
        for spec in pack.detectors.values():
            if bool(spec.regex) == bool(spec.category):
                yield spec.at
