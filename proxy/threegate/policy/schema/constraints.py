# ruff: noqa: RUF009 - calls make dataclass fields and frozen defaults
"""A rule of the constraint layer: how the model may be called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from threegate.policy.language.shapes import Date, Id, Kind, Located, Path, mapping, within
from threegate.policy.model import (
    Arguments,
    Check,
    ConstitutionPlace,
    Images,
    KeepHistory,
    LimitScope,
    Mode,
    ReasoningVisibility,
    Unknown,
)
from threegate.policy.schema.callers import When
from threegate.types import Action, Bilingual, Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstitutionSpec(Located):
    """约束文本 / Constitution"""

    file: Path
    place: ConstitutionPlace = ConstitutionPlace.AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseSpec(Located):
    """按输入命中追加的条款 / A clause added when the input held one of these kinds"""

    text: str
    kinds: tuple[Kind, ...] = ()
    masked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClampSpec(Located):
    """参数范围 / Bounds of one parameter"""

    min: float | None = None
    max: float | None = None
    default: float | None = None
    force: float | None = None
    drop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsSpec(Located):
    """模型 / Models"""

    allow: tuple[str, ...] | None = None
    alias: dict[str, str] = mapping()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolsSpec(Located):
    """工具 / Tools"""

    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()
    arguments: Arguments = Arguments.ANY
    max: int = within(128, 0, 128)
    result_bytes: int = within(1 << 20, 1, 1 << 26)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsSpec(Located):
    """请求字段 / Request fields"""

    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()
    force: dict[str, Any] = mapping()
    unknown: Unknown = Unknown.DROP


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningSpec(Located):
    """思考过程 / Reasoning"""

    show: ReasoningVisibility = ReasoningVisibility.SHOWN
    check: Check = Check.SAME
    history: KeepHistory = KeepHistory.PASS
    notice: Bilingual | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsSpec(Located):
    """用量上限 / Limits"""

    requests_per_minute: int | None = within(None, 1, 10**9)
    tokens_per_minute: int | None = within(None, 1, 10**12)
    tokens_per_day: int | None = within(None, 1, 10**15)
    concurrency: int | None = within(None, 1, 10**6)
    context_tokens: int | None = within(None, 1, 10**9)
    per: LimitScope = LimitScope.KEY


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFormatSpec(Located):
    """回答格式 / Answer format"""

    json_schema: Path | None = None
    max_chars: int | None = within(None, 1, 10**7)
    must_say: tuple[str, ...] = ()
    on_invalid: Action = Action.BLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Constrain(Located):
    """约束 / Constraints"""

    constitution: ConstitutionSpec | None = None
    clauses: tuple[ClauseSpec, ...] = ()
    clamp: dict[str, ClampSpec] = mapping()
    models: ModelsSpec | None = None
    tools: ToolsSpec | None = None
    fields: FieldsSpec | None = None
    reasoning: ReasoningSpec | None = None
    limits: LimitsSpec | None = None
    response_format: ResponseFormatSpec | None = None
    images: Images | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Located):
    """一条约束测试 / One test of a constraint"""

    request: dict[str, Any]
    becomes: dict[str, Any] | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintTests(Located):
    """约束测试 / Tests of a constraint"""

    match: tuple[Change, ...] = ()
    no_match: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintRule(Located):
    """约束层的规则 / A rule of the constraint layer"""

    id: Id
    title: Bilingual
    owner: str
    why: tuple[str, ...]
    layer: Layer
    when: When = When()
    then: Constrain
    mode: Mode = Mode.ENFORCE
    rollout: int = within(100, 0, 100)
    message: Bilingual | None = None
    tests: ConstraintTests = ConstraintTests()
    review_by: Date | None = None
