"""The compiled policy that the guard reads. Immutable; a request pins one. `load` turns YAML into
`schema` values, `compile` turns those into this. Parts that the guard reads as they are in the file
(`Located`) are one class in both. Nothing here knows YAML, files or time. Durations are
milliseconds, sizes are bytes unless a name says tokens or characters.
"""

from __future__ import annotations

from threegate.policy.model.callers import (
    ANYBODY,
    EVERYONE,
    KnownCallers,
    Selector,
    When,
    first_match,
    in_rollout,
    is_named,
    matches,
)
from threegate.policy.model.check_digits import CheckDigits, agree
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
    Arguments,
    Check,
    Clamp,
    Clause,
    Constitution,
    ConstitutionPlace,
    ConstraintRule,
    Fields,
    Images,
    KeepHistory,
    Limits,
    LimitScope,
    Models,
    Reasoning,
    ReasoningVisibility,
    ResponseFormat,
    Tools,
    Unknown,
)
from threegate.policy.model.rules import (
    AnnotationForm,
    Band,
    Claims,
    Detect,
    MaskStyle,
    Mode,
    Restoring,
    Rule,
    RuleException,
    SecondOpinion,
    StreamMode,
)
