"""Lints of what an input or output rule does when it matches."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.actions import BY_ACTION, written_actions
from threegate.policy.language.problems import Problem, Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Lint, Subject, checks
from threegate.policy.model import Mode, StreamMode
from threegate.policy.strictness.compare import includes
from threegate.types import Action, Layer, Level

SENTENCE_KINDS = (
    "hazard",
    "offensive",
    "compliance",
    "claim",
    "injection.direct",
    "injection.indirect",
    "category",
    "judge",
)
"""Kinds that judge a whole sentence or passage: nothing smaller can be cut out."""


@checks("one-action")
def one_action(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        wanted = 0 if rule.detect.claims else 1
        if len(written_actions(rule.then)) != wanted:
            yield lint.at(rule.mark("then"), rule=rule.id)


@checks("claims-alone")
def claims_alone(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        outcomes = [
            getattr(rule.then, f"on_{o}") for o in ("contradicted", "unsupported", "no_source")
        ]
        mixed = bool(rule.detect.any or rule.detect.all or rule.detect.none)
        incomplete = mixed or None in outcomes if rule.detect.claims else outcomes != [None] * 3
        if incomplete:
            yield lint.at(rule.mark("then"), rule=rule.id)


@checks("action-layer")
def action_layer(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        for action in written_actions(rule.then):
            if rule.layer not in BY_ACTION[action].layers:
                yield lint.at(rule.mark("then"), rule=rule.id)


@checks("mask-needs-value")
def mask_needs_span(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        if not any(BY_ACTION[a].needs_span for a in written_actions(rule.then)):
            continue
        for kind in (*rule.detect.any, *rule.detect.all):
            if any(includes(family, kind) for family in SENTENCE_KINDS):
                yield lint.at(place(kind), rule=rule.id)


@checks("restore-in-output", Severity.WARNING)
def restore_output(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        if rule.layer is Layer.OUTPUT and rule.then.mask and rule.then.mask.restore != "never":
            yield lint.at(rule.mark("then"), rule=rule.id)


@checks("low-block", Severity.WARNING)
def low_block(lint: Lint, subject: Subject) -> Iterator[Problem]:
    for rule in subject.rules:
        opinion = rule.second_opinion
        confirmed = opinion is not None and Level.LOW in opinion.levels
        blocks = rule.then.block and rule.mode is Mode.ENFORCE
        if rule.level is Level.LOW and blocks and not confirmed:
            yield lint.at(rule.mark("level"), rule=rule.id)


@checks("cut-too-late")
def cut_too_late(lint: Lint, subject: Subject) -> Iterator[Problem]:
    fit = {Action.BLOCK, Action.ANSWER, Action.FLAG, Action.ALLOW}
    for rule in subject.rules:
        cites = rule.detect.claims is not None and rule.detect.claims.cite
        changes = cites or not fit.issuperset(written_actions(rule.then))
        if rule.stream is StreamMode.CUT and changes:
            yield lint.at(rule.mark("stream"), rule=rule.id)
