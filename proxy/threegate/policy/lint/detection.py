"""Lints of what an input or output rule looks for, and where."""

from __future__ import annotations

from threegate.policy.kinds import is_known
from threegate.policy.language.problems import Severity
from threegate.policy.language.recognizers import entity, fault, kind_of, wrong_examples
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Findings, Found, Subject, checks, checks_each
from threegate.policy.schema import DetectorSpec, Rule
from threegate.policy.strictness.compare import includes
from threegate.types import Bilingual, Channel, Layer

CHANNELS = {
    Layer.INPUT: frozenset(
        {
            Channel.SYSTEM,
            Channel.USER,
            Channel.ASSISTANT,
            Channel.TOOL_RESULT,
            Channel.TOOL_ARGUMENTS,
        }
    ),
    Layer.OUTPUT: frozenset({Channel.CONTENT, Channel.REASONING, Channel.TOOL_ARGUMENTS}),
}
SOURCES = ("system", "user", "tool_result", "context", "knowledge")


def detector_kind(name: str, spec: DetectorSpec) -> str:
    return f"pattern.{name}" if spec.regex else f"category.{name}"


def own_kinds(subject: Subject) -> frozenset[str]:
    """Kinds of the lists, detectors and recognizers of the packs themselves."""
    made: set[str] = set()
    for pack in subject.packs:
        made.update(f"list.{name}" for name in pack.lists)
        made.update(kind_of(entity(each)) for each in pack.recognizers)
        made.update(detector_kind(name, spec) for name, spec in pack.detectors.items())
    return frozenset(made)


def kinds_of(rule: Rule) -> tuple[str, ...]:
    return (*rule.detect.any, *rule.detect.all, *rule.detect.none, *rule.detect.levels)


@checks("unknown-kind")
def unknown_kind(subject: Subject) -> Findings:
    known = subject.known | own_kinds(subject)
    for rule in subject.rules:
        for kind in kinds_of(rule):
            if not is_known(kind, known):
                yield Found(
                    place(kind, rule.detect.at),
                    Bilingual(f"没有 {kind} 这个类别", f"unknown kind {kind}"),
                    rule=rule.id,
                )


@checks_each(Rule, "nothing-detected")
def nothing_detected(rule: Rule) -> Findings:
    if not (rule.detect.any or rule.detect.all or rule.detect.claims):
        yield rule.mark("detect")


@checks_each(Rule, "no-channels")
def no_channels(rule: Rule) -> Findings:
    if not rule.where:
        yield rule.mark("where")


@checks_each(Rule, "wrong-channel")
def wrong_channel(rule: Rule) -> Findings:
    for channel in rule.where:
        if channel not in CHANNELS[rule.layer]:
            yield rule.mark("where")


@checks_each(Rule, "claims-place")
def claims_place(rule: Rule) -> Findings:
    fit = {Channel.CONTENT, Channel.REASONING}
    if rule.detect.claims and (rule.layer is not Layer.OUTPUT or not fit.issuperset(rule.where)):
        yield rule.mark("where")


@checks("unknown-source")
def unknown_source(subject: Subject) -> Findings:
    named = {f"knowledge/{name}" for pack in subject.packs for name in pack.knowledge}
    for rule in subject.rules:
        for source in rule.detect.claims.sources if rule.detect.claims else ():
            if source not in named and source not in SOURCES:
                yield Found(place(source, rule.detect.at), rule=rule.id)


@checks_each(Rule, "kind-contradiction")
def kind_contradiction(rule: Rule) -> Findings:
    for kind in (*rule.detect.any, *rule.detect.all):
        if any(includes(none, kind) for none in rule.detect.none):
            yield place(kind)


@checks_each(Rule, "redundant-kind", Severity.INFO)
def redundant_kind(rule: Rule) -> Findings:
    kinds = rule.detect.any
    for i, kind in enumerate(kinds):
        if any(includes(other, kind) for j, other in enumerate(kinds) if i != j):
            yield place(kind)


@checks_each(Rule, "unused-level", Severity.WARNING)
def unused_level(rule: Rule) -> Findings:
    looked = (*rule.detect.any, *rule.detect.all)
    for kind in rule.detect.levels:
        if not any(includes(k, kind) or includes(kind, k) for k in looked):
            yield place(kind, rule.detect.at)


@checks("bad-recognizer")
def bad_recognizer(subject: Subject) -> Findings:
    for pack in subject.packs:
        for number, each in enumerate(pack.recognizers, start=1):
            if (wrong := fault(each)) is not None:
                name = str(each.get("name", number))
                yield Found(
                    pack.mark("recognizers"),
                    Bilingual(
                        f"识别器 {name} 不能用：{wrong.zh}",
                        f"recognizer {name} cannot be used: {wrong.en}",
                    ),
                )


@checks("wrong-recognizer-example")
def wrong_recognizer_example(subject: Subject) -> Findings:
    for pack in subject.packs:
        for each in pack.recognizers:
            for text in wrong_examples(each) if fault(each) is None else ():
                name = str(each.get("name") or entity(each))
                yield Found(
                    place(text, pack.mark("recognizers")),
                    Bilingual(
                        f"识别器 {name} 与自己的例子不符",
                        f"recognizer {name} contradicts one of its examples",
                    ),
                )
