"""Names of codes in both languages: what a page shows for an action, a stage, a role."""

from __future__ import annotations

from collections.abc import Mapping

from threegate.audit.log.encoding import UNDECIDED
from threegate.i18n.catalog import texts
from threegate.policy.language import vocabulary
from threegate.policy.language.vocabulary import kind_title
from threegate.policy.lifecycle.approval import REFUSALS, ROLES, STAGES
from threegate.policy.strictness.diff import DIRECTIONS, FATES
from threegate.policy_ops.replay import CHANGE
from threegate.types import Bilingual

Words = Mapping[str, Bilingual]


def _codes(scale: vocabulary.Scale) -> Words:
    """Words of the policy language, by the codes used in files, records and addresses."""
    return {key.name.lower(): title for key, title in scale.items()}


ACTION = _codes(vocabulary.ACTION)
LAYER = _codes(vocabulary.LAYER)
LEVEL = _codes(vocabulary.LEVEL)
MODE = _codes(vocabulary.MODE)
CHANNEL = _codes(vocabulary.CHANNEL)
SEVERITY = _codes(vocabulary.SEVERITY)
FAILED = _codes(vocabulary.FAILED)
REASON = _codes(vocabulary.REASON)
LAYERS = texts("console", "layers")
SEARCHED = Bilingual("搜索的词", "searched for")
NO_DECISION = Bilingual("未作决定", "no decision")
FILED = (
    "covers",
    "stage",
    "label",
    "why",
    "source",
    "claim",
    "outcome",
    "opinion",
    "error",
    "term",
)
"""Tables of `i18n/console.toml` that keep their name; also `verb` and `fact`: actions of people and
the proxy as named in log records."""
BOOKS: Mapping[str, Words] = {
    **{table: texts("console", table) for table in (*FILED, "verb", "fact")},
    "yes": texts("console", "yes"),
    "language": texts("console", "languages"),
    "match": _codes(vocabulary.MATCH),
    "action": {**ACTION, UNDECIDED: NO_DECISION},
    "layer": LAYER,
    "level": LEVEL,
    "mode": MODE,
    "role": ROLES,
    "reason": REASON,
    "channel": CHANNEL,
    "version": STAGES,
    "refused": REFUSALS,
    "severity": SEVERITY,
    "failed": FAILED,
    "change": {change.value: title for change, title in CHANGE.items()},
    "fate": {fate.value: title for fate, title in FATES.items()},
    "direction": {each.name.lower(): title for each, title in DIRECTIONS.items()},
}


def name(book: str, code: str, language: str) -> str:
    """The name of a code; the code itself if it has no name."""
    if book == "kind":
        return (SEARCHED if code == "searched" else kind_title(code)).get(language)
    return BOOKS[book][code].get(language) if code in BOOKS[book] else code


def family(kind: str) -> str:
    """The colour of a kind: its first part, or `other`."""
    first = kind.split(".", 1)[0]
    return first if first in FAMILIES else "other"


FAMILIES = (
    "pii", "secret", "injection", "hazard", "offensive", "leak", "claim", "list", "constraint",
    "failed", "searched",
)  # fmt: skip
