"""What a policy file may say: one class per construct, one described field per key.

The decoder, `schema.json` and the reference in `policies/README.md` derive from these classes.
Nothing here acts.
"""

from __future__ import annotations

from threegate.policy.schema.callers import When
from threegate.policy.schema.constraints import (
    Change,
    ClampSpec,
    ClauseSpec,
    ConstitutionSpec,
    Constrain,
    ConstraintRule,
    ConstraintTests,
    FieldsSpec,
    LimitsSpec,
    ModelsSpec,
    ReasoningSpec,
    ResponseFormatSpec,
    ToolsSpec,
)
from threegate.policy.schema.pack import (
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
    AnswerThen,
    BandSpec,
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
    SecondOpinionSpec,
    Tests,
    Then,
)
