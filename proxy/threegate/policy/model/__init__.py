"""The compiled policy: what the guard reads. Immutable; a request pins one.

`load` turns YAML into `schema` values, `compile` turns those into this. Nothing here knows YAML,
files or time.
Durations are milliseconds, sizes are bytes unless a name says tokens or characters.
"""

from __future__ import annotations

from threegate.policy.model.callers import EVERYONE, Selector, in_rollout, matches
from threegate.policy.model.compiled import (
    Answer,
    AuditSetting,
    Binding,
    Category,
    CompiledPolicy,
    CustomPattern,
    Knowledge,
    Label,
    PolicySet,
    Unlabelled,
    WordList,
)
from threegate.policy.model.constraints import (
    NOTICE,
    Clamp,
    Clause,
    Constitution,
    ConstraintRule,
    Fields,
    KeepHistory,
    Limits,
    Models,
    Per,
    Place,
    Reasoning,
    ResponseFormat,
    Show,
    Tools,
)
from threegate.policy.model.rules import (
    Band,
    Claims,
    Detect,
    MaskStyle,
    Mode,
    Rule,
    RuleException,
    StreamMode,
)

__all__ = [
    "EVERYONE",
    "NOTICE",
    "Answer",
    "AuditSetting",
    "Band",
    "Binding",
    "Category",
    "Claims",
    "Clamp",
    "Clause",
    "CompiledPolicy",
    "Constitution",
    "ConstraintRule",
    "CustomPattern",
    "Detect",
    "Fields",
    "KeepHistory",
    "Knowledge",
    "Label",
    "Limits",
    "MaskStyle",
    "Mode",
    "Models",
    "Per",
    "Place",
    "PolicySet",
    "Reasoning",
    "ResponseFormat",
    "Rule",
    "RuleException",
    "Selector",
    "Show",
    "StreamMode",
    "Tools",
    "Unlabelled",
    "WordList",
    "in_rollout",
    "matches",
]
