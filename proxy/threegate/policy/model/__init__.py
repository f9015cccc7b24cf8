"""The compiled policy: what the guard reads. Immutable; a request pins one.

`load` turns YAML into `schema` values, `compile` turns those into this. Nothing here knows YAML,
files or time.
Durations are milliseconds, sizes are bytes unless a name says tokens or characters.
"""

from __future__ import annotations

from threegate.policy.model.callers import EVERYONE, Selector, in_rollout, matches
from threegate.policy.model.compiled import (
    AiLabel,
    AuditSetting,
    Binding,
    Category,
    CompiledPolicy,
    CuratedAnswer,
    CustomPattern,
    Knowledge,
    PolicySet,
    Unlabelled,
    WordList,
)
from threegate.policy.model.constraints import (
    NOTICE,
    Clamp,
    Clause,
    Constitution,
    ConstitutionPlace,
    ConstraintRule,
    Fields,
    KeepHistory,
    Limits,
    LimitScope,
    Models,
    Reasoning,
    ReasoningVisibility,
    ResponseFormat,
    Tools,
)
from threegate.policy.model.rules import (
    Band,
    Claims,
    Detect,
    MaskStyle,
    Mode,
    Restoring,
    Rule,
    RuleException,
    StreamMode,
)

__all__ = [
    "EVERYONE",
    "NOTICE",
    "AiLabel",
    "AuditSetting",
    "Band",
    "Binding",
    "Category",
    "Claims",
    "Clamp",
    "Clause",
    "CompiledPolicy",
    "Constitution",
    "ConstitutionPlace",
    "ConstraintRule",
    "CuratedAnswer",
    "CustomPattern",
    "Detect",
    "Fields",
    "KeepHistory",
    "Knowledge",
    "LimitScope",
    "Limits",
    "MaskStyle",
    "Mode",
    "Models",
    "PolicySet",
    "Reasoning",
    "ReasoningVisibility",
    "ResponseFormat",
    "Restoring",
    "Rule",
    "RuleException",
    "Selector",
    "StreamMode",
    "Tools",
    "Unlabelled",
    "WordList",
    "in_rollout",
    "matches",
]
