"""What a policy file may say: one class per construct, one described field per key.

The decoder, `schema.json` and the reference in `policies/README.md` derive from these classes.
Classes that the guard reads as written come from `model`. Nothing is executed here.
"""

from __future__ import annotations

from threegate.policy.model import (
    Band,
    Clamp,
    Clause,
    Limits,
    Reasoning,
    SecondOpinion,
    Tools,
    When,
)
from threegate.policy.schema.constraints import (
    Change,
    ConstitutionSpec,
    Constrain,
    ConstraintRule,
    ConstraintTests,
    FieldsSpec,
    ModelsSpec,
    ResponseFormatSpec,
)
from threegate.policy.schema.pack import (
    AnyRule,
    AuditLevel,
    AuditSpec,
    BindingSpec,
    CategorySpec,
    DetectorSpec,
    Examples,
    KnowledgeSpec,
    ListSpec,
    Match,
    OnAuditFailure,
    Pack,
    UnlabelledSpec,
)
from threegate.policy.schema.rules import (
    AnnotateThen,
    AnswerThen,
    BlockThen,
    ClaimsSpec,
    DetectSpec,
    Exceptional,
    ExceptMatch,
    MaskThen,
    PlainThen,
    ReasonCode,
    ReplaceThen,
    Restore,
    Rule,
    Sample,
    Tests,
    Then,
)
