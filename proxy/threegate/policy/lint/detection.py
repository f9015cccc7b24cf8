"""Lints of what an input or output rule looks for, and where."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.kinds import is_known
from threegate.policy.language.problems import Problem, Severity
from threegate.policy.language.recognizers import entity, kind_of
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Lint, Subject, checks
from threegate.policy.schema import Rule
from threegate.policy.strictness.compare import includes
from threegate.types import Channel, Layer

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


def own_kinds(subject: Subject) -> frozenset[str]:
    """Kinds of the lists, detectors and recognizers of the packs themselves."""
    made: set[str] = set()
    for pack in subject.packs:
        made.update(f"list.{name}" for name in pack.lists)
        made.update(kind_of(entity(each)) for each in pack.recognizers)
        for name, spec in pack.detectors.items():
            made.add(f"pattern.{name}" if spec.regex else f"category.{name}")
    return frozenset(made)


def kinds_of(rule: Rule) -> tuple[str, ...]:
    return (*rule.detect.any, *rule.detect.all, *rule.detect.none, *rule.detect.levels)


@checks("unknown-kind")
def unknown_kind(lint: Lint, subject: Subject) -> Iterator[Problem]:
    known = subject.known | own_kinds(subject)
    for rule in subject.rules:
        for kind in kinds_of(rule):
            if not is_known(kind, known):
                yield lint.at(
                    place(kind, rule.detect.at),
                    f"没有 {kind} 这个类别",
                    f"unknown kind {kind}",
                    rule=rule.id,
                )


@checks("nothing-detected")
def nothing_detected(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        if not (rule.detect.any or rule.detect.all or rule.detect.claims):
            yield lint.at(rule.mark("detect"), rule=rule.id)


@checks("no-channels")
def no_channels(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        if not rule.where:
            yield lint.at(rule.mark("where"), rule=rule.id)


@checks("wrong-channel")
def wrong_channel(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        for channel in rule.where:
            if channel not in CHANNELS[rule.layer]:
                yield lint.at(rule.mark("where"), rule=rule.id)


@checks("claims-place")
def claims_place(lint: Lint, subject: Subject) -> Iterator[Problem]:
    fit = {Channel.CONTENT, Channel.REASONING}
    for rule in subject.rules:
        if rule.detect.claims and (
            rule.layer is not Layer.OUTPUT or not fit.issuperset(rule.where)
        ):
            yield lint.at(rule.mark("where"), rule=rule.id)


@checks("unknown-source")
def unknown_source(lint: Lint, subject: Subject) -> Iterator[Problem]:
    named = {f"knowledge/{name}" for pack in subject.packs for name in pack.knowledge}
    for rule in subject.rules:
        for source in rule.detect.claims.sources if rule.detect.claims else ():
            if source not in named and source not in SOURCES:
                yield lint.at(place(source, rule.detect.at), rule=rule.id)


@checks("kind-contradiction")
def kind_contradiction(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        for kind in (*rule.detect.any, *rule.detect.all):
            if any(includes(none, kind) for none in rule.detect.none):
                yield lint.at(place(kind), rule=rule.id)


@checks("redundant-kind", Severity.INFO)
def redundant_kind(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        kinds = rule.detect.any
        for i, kind in enumerate(kinds):
            if any(includes(other, kind) for j, other in enumerate(kinds) if i != j):
                yield lint.at(place(kind), rule=rule.id)


@checks("unused-level", Severity.WARNING)
def unused_level(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        looked = (*rule.detect.any, *rule.detect.all)
        for kind in rule.detect.levels:
            if not any(includes(k, kind) or includes(kind, k) for k in looked):
                yield lint.at(place(kind, rule.detect.at), rule=rule.id)
