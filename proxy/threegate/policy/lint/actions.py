"""Lints of what an input or output rule does when it matches."""

from __future__ import annotations

from threegate.policy.actions import BY_ACTION, written_actions
from threegate.policy.language.problems import Severity
from threegate.policy.language.shapes import place
from threegate.policy.lint.base import Findings, checks_each
from threegate.policy.model import AnnotationForm, Mode, StreamMode, matches
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
    written = written_actions(rule.then)
    fits = written in ((), (Action.ANNOTATE,)) if rule.detect.claims else len(written) == 1
    if not fits:
        yield rule.mark("then")


@checks_each(Rule, "annotate-idle")
def annotate_idle(rule: Rule) -> Findings:
    """In a fact check it says how the outcomes annotate."""
    then = rule.then
    outcomes = (then.on_contradicted, then.on_unsupported, then.on_no_source)
    if rule.detect.claims and then.annotate and Action.ANNOTATE not in outcomes:
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


# --- bands: an attacker must not be able to make the rule against the attack stop itself

HOSTILE = ("injection", "hazard", "secret")
"""Families of kinds that somebody may send on purpose."""


@checks_each(Rule, "band-order")
def band_order(rule: Rule) -> Findings:
    if rule.band and rule.band.min >= rule.band.max:
        yield rule.band.at


@checks_each(Rule, "band-forced", Severity.WARNING)
def band_forced(rule: Rule) -> Findings:
    hostile = any(matches(f, k) for k in rule.detect.any for f in HOSTILE)
    stops = rule.band is not None and rule.band.max < 100
    if stops and hostile and rule.rollout == 100 and rule.band:
        yield rule.band.at


@checks_each(Rule, "band-idle", Severity.WARNING)
def band_idle(rule: Rule) -> Findings:
    if rule.band and rule.band.max >= 100 and rule.band.min <= 0:
        yield rule.band.at


# --- second opinions: which judge is asked, and about which findings

INLINE = ("pii", "secret", "list", "pattern", "leak", "format")
"""Families of kinds that are found in answers while they stream, without waiting for a model."""


@checks_each(Rule, "second-opinion-judge")
def opinion_of_judge(rule: Rule) -> Findings:
    spec = rule.second_opinion
    if spec and not spec.ask.startswith("judge."):
        yield place(spec.ask)


@checks_each(Rule, "second-opinion-idle")
def opinion_idle(rule: Rule) -> Findings:
    least = min((rule.level, *rule.detect.levels.values()))
    spec = rule.second_opinion
    if spec and rule.detect.claims is None and max(spec.levels, default=0) < least:
        yield spec.at


@checks_each(Rule, "second-opinion-inline", Severity.WARNING)
def opinion_inline(rule: Rule) -> Findings:
    inline = any(kind.split(".")[0] in INLINE for kind in rule.detect.any)
    if rule.second_opinion and rule.layer is Layer.OUTPUT and inline:
        yield rule.second_opinion.at
