"""Lints of what an input or output rule does when it matches."""

from __future__ import annotations

from collections.abc import Iterator

from threegate.policy.actions import BY_ACTION, written_actions
from threegate.policy.language.problems import Problem, Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Lint, Subject
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


class OneAction(Lint):
    code = "one-action"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            wanted = 0 if rule.detect.claims else 1
            if len(written_actions(rule.then)) != wanted:
                yield self.at(rule.mark("then"), rule=rule.id)


class ClaimsAlone(Lint):
    code = "claims-alone"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            outcomes = [
                getattr(rule.then, f"on_{o}") for o in ("contradicted", "unsupported", "no_source")
            ]
            mixed = bool(rule.detect.any or rule.detect.all or rule.detect.none)
            incomplete = mixed or None in outcomes if rule.detect.claims else outcomes != [None] * 3
            if incomplete:
                yield self.at(rule.mark("then"), rule=rule.id)


class ActionLayer(Lint):
    code = "action-layer"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            for action in written_actions(rule.then):
                if rule.layer not in BY_ACTION[action].layers:
                    yield self.at(rule.mark("then"), rule=rule.id)


class MaskNeedsSpan(Lint):
    code = "mask-needs-value"

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            if not any(BY_ACTION[a].needs_span for a in written_actions(rule.then)):
                continue
            for kind in (*rule.detect.any, *rule.detect.all):
                if any(includes(family, kind) for family in SENTENCE_KINDS):
                    yield self.at(place(kind), rule=rule.id)


class RestoreOutput(Lint):
    code = "restore-in-output"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            if rule.layer is Layer.OUTPUT and rule.then.mask and rule.then.mask.restore != "never":
                yield self.at(rule.mark("then"), rule=rule.id)


class LowBlock(Lint):
    code = "low-block"
    severity = Severity.WARNING

    def check(self, subject: Subject) -> Iterator[Problem]:
        for rule in subject.rules:
            opinion = rule.second_opinion
            confirmed = opinion is not None and Level.LOW in opinion.levels
            blocks = rule.then.block and rule.mode is Mode.ENFORCE
            if rule.level is Level.LOW and blocks and not confirmed:
                yield self.at(rule.mark("level"), rule=rule.id)


class CutTooLate(Lint):
    code = "cut-too-late"

    def check(self, subject: Subject) -> Iterator[Problem]:
        fit = {Action.BLOCK, Action.ANSWER, Action.FLAG, Action.ALLOW}
        for rule in subject.rules:
            cites = rule.detect.claims is not None and rule.detect.claims.cite
            changes = cites or not fit.issuperset(written_actions(rule.then))
            if rule.stream is StreamMode.CUT and changes:
                yield self.at(rule.mark("stream"), rule=rule.id)


ACTION_LINTS: tuple[Lint, ...] = (
    OneAction(),
    ClaimsAlone(),
    ActionLayer(),
    MaskNeedsSpan(),
    RestoreOutput(),
    LowBlock(),
    CutTooLate(),
)
