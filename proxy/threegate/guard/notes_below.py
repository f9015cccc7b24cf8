"""Notes beneath an answer: the messages of the rules that annotate it there. Pure.

A rule's note is written once, however often the rule matches, and last of all, so that nothing of
it is judged, masked or restored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from threegate.policy.model import AnnotationForm, Rule
from threegate.types import Action, Bilingual, Ruling


def notes_below(ruled: Iterable[Ruling], rules: Mapping[str, Rule]) -> dict[str, Bilingual]:
    """The notes that belong beneath a text whose rulings are `ruled`, by rule, in the order in
    which the rules matched."""
    annotating = (r.rule_id for r in ruled if r.action is Action.ANNOTATE and not r.shadow)
    acting = (rules[id] for id in dict.fromkeys(annotating) if id in rules)
    below = (rule for rule in acting if rule.annotation is AnnotationForm.BELOW)
    return {rule.id: rule.message for rule in below if rule.message is not None}
