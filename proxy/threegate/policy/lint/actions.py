"""Lints of what an input or output rule does when it matches."""

from __future__ import annotations

from threegate.policy.actions import BY_ACTION, written_actions
from threegate.policy.language.problems import Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Findings, checks_each
from threegate.policy.model import AnnotationForm, Mode, StreamMode
from threegate.policy.schema import Rule
from threegate.policy.strictness.compare import includes
from threegate.types import Action, Channel, Layer, Level

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


@checks_each(Rule, "one-action")
def one_action(rule: Rule) -> Findings:
    wanted = 0 if rule.detect.claims else 1
    if len(written_actions(rule.then)) != wanted:
        yield rule.mark("then")


@checks_each(Rule, "claims-alone")
def claims_alone(rule: Rule) -> Findings:
    outcomes = [getattr(rule.then, f"on_{o}") for o in ("contradicted", "unsupported", "no_source")]
    mixed = bool(rule.detect.any or rule.detect.all or rule.detect.none)
    incomplete = mixed or None in outcomes if rule.detect.claims else outcomes != [None] * 3
    if incomplete:
        yield rule.mark("then")


@checks_each(Rule, "action-layer")
def action_layer(rule: Rule) -> Findings:
    for action in written_actions(rule.then):
        if rule.layer not in BY_ACTION[action].layers:
            yield rule.mark("then")


@checks_each(Rule, "mask-needs-value")
def mask_needs_span(rule: Rule) -> Findings:
    if not any(BY_ACTION[a].needs_span for a in written_actions(rule.then)):
        return
    for kind in (*rule.detect.any, *rule.detect.all):
        if any(includes(family, kind) for family in SENTENCE_KINDS):
            yield place(kind)


@checks_each(Rule, "restore-in-output", Severity.WARNING)
def restore_output(rule: Rule) -> Findings:
    if rule.layer is Layer.OUTPUT and rule.then.mask and rule.then.mask.restore != "never":
        yield rule.mark("then")


@checks_each(Rule, "low-block", Severity.WARNING)
def low_block(rule: Rule) -> Findings:
    opinion = rule.second_opinion
    confirmed = opinion is not None and Level.LOW in opinion.levels
    blocks = rule.then.block and rule.mode is Mode.ENFORCE
    if rule.level is Level.LOW and blocks and not confirmed:
        yield rule.mark("level")


@checks_each(Rule, "cut-too-late")
def cut_too_late(rule: Rule) -> Findings:
    fit = {Action.BLOCK, Action.ANSWER, Action.FLAG, Action.ALLOW}
    cites = rule.detect.claims is not None and rule.detect.claims.cite
    changes = cites or not fit.issuperset(written_actions(rule.then))
    if rule.stream is StreamMode.CUT and changes:
        yield rule.mark("stream")


@checks_each(Rule, "note-without-message")
def note_without_message(rule: Rule) -> Findings:
    if _writes_note(rule) and rule.message is None:
        yield rule.mark("then")


@checks_each(Rule, "note-without-answer")
def note_without_answer(rule: Rule) -> Findings:
    if _writes_note(rule) and Channel.CONTENT not in rule.where:
        yield rule.mark("where")


def _writes_note(rule: Rule) -> bool:
    annotate = rule.then.annotate
    return annotate is not None and annotate.show is AnnotationForm.BELOW
