"""A second model for claims of one language: it reads a claim whose support by the first is near.

Both read the same evidence. The mean of their log-probabilities decides; its levels are those of
the second's manifest. `beside.near` is by how many logits the first's support may miss its lowest
level; of a claim below that the second is not asked.
"""

from __future__ import annotations

import math

from threegate_classifiers.calibrate import below_levels, language_of, level_of
from threegate_classifiers.results import Entailment
from threegate_classifiers.second_look import FOREIGN, SecondLook

LABELS = ("supported", "contradicted", "nei")
_TINY = 1e-7


def is_near(look: SecondLook, claim: str, found: Entailment) -> bool:
    """Whether the second model is asked of a claim that the first read."""
    language = look.beside.language
    if language_of(claim) != language or FOREIGN[language](claim):
        return False
    return below_levels(look.first, LABELS[0], found.supported, language) <= look.beside.near


def joined(look: SecondLook, first: Entailment, second: Entailment) -> Entailment:
    """What both say of the same pair."""
    share, language = look.beside.share, look.beside.language
    pairs = zip(first.scores, second.scores, strict=True)
    means = [math.exp((1 - share) * _log(a) + share * _log(b)) for a, b in pairs]
    supported, contradicted, nei = (mean / sum(means) for mean in means)
    scored = zip(LABELS, (supported, contradicted, nei), strict=True)
    one, two, three = (level_of(look.second, label, s, language) for label, s in scored)
    return Entailment(supported, contradicted, nei, (one, two, three))


def _log(probability: float) -> float:
    return math.log(max(probability, _TINY))
