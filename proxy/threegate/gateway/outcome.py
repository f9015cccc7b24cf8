"""What the client sees of a stopped call: message, curated answer, status; never the matched
value."""

from __future__ import annotations

import time

from threegate.guard.request_draft import Refusal
from threegate.policy.model import CompiledPolicy, Rule
from threegate.types import Action, Bilingual, Finding, Ruling
from threegate.wire.adapter import Outcome, OutcomeKind

BLOCKED = Bilingual("该内容因安全策略被拦截。", "This content was blocked by a safety policy.")
UNCHECKED = Bilingual(
    "安全检查未能完成，内容未放行。",
    "A safety check could not be completed, so this was not let through.",
)


def outcome_of(ruled: Ruling, policy: CompiledPolicy, decision_id: str, language: str) -> Outcome:
    """What the client sees of a ruling that stops the call: its rule's curated reply, or a block
    with its rule's message."""
    rule = next((r for r in policy.rules if r.id == ruled.rule_id), None)
    answer = _answer(ruled, rule, policy, language)
    kind = OutcomeKind.ANSWER if answer is not None else OutcomeKind.BLOCK
    status = rule.http_status if rule is not None and answer is None else None
    message = _message(ruled, rule)
    return Outcome(
        kind, decision_id, ruled.rule_id, message, answer, status, created=int(time.time())
    )


def refused(refusal: Refusal, decision_id: str) -> Outcome:
    return Outcome(OutcomeKind.BLOCK, decision_id, refusal.rule_id, refusal.message)


def _message(ruled: Ruling, rule: Rule | None) -> Bilingual:
    if not isinstance(ruled.finding, Finding):
        return UNCHECKED
    return (rule and rule.message) or BLOCKED


def _answer(ruled: Ruling, rule: Rule | None, policy: CompiledPolicy, language: str) -> str | None:
    """The curated reply (代答): the one the rule names, else one for the category."""
    if ruled.action is not Action.ANSWER or rule is None:
        return None
    found = next((a for a in policy.answers if a.id == rule.answer), None)
    if found is None and isinstance(ruled.finding, Finding):
        kind = ruled.finding.kind
        found = next((a for a in policy.answers if kind in a.categories), None)
    if found is not None:
        return found.text.get(language)
    return _message(ruled, rule).get(language)
