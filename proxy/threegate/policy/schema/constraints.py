# ruff: noqa: RUF009 - calls make dataclass fields and frozen defaults
"""A rule of the constraint layer: how the model may be called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from threegate.policy.language.shapes import Date, Id, Located, Path, mapping, within
from threegate.policy.model import (
    EVERYONE,
    Clamp,
    Clause,
    ConstitutionPlace,
    Images,
    Limits,
    Mode,
    Reasoning,
    Tools,
    Unknown,
    When,
)
from threegate.types import Action, Bilingual, Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstitutionSpec(Located):
    """约束文本 / Constitution"""

    file: Path
    place: ConstitutionPlace = ConstitutionPlace.AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsSpec(Located):
    """模型 / Models"""

    allow: tuple[str, ...] | None = None
    alias: dict[str, str] = mapping()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsSpec(Located):
    """请求字段 / Request fields"""

    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()
    force: dict[str, Any] = mapping()
    unknown: Unknown = Unknown.DROP


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
    clauses: tuple[Clause, ...] = ()
    clamp: dict[str, Clamp] = mapping()
    models: ModelsSpec | None = None
    tools: Tools | None = None
    fields: FieldsSpec | None = None
    reasoning: Reasoning | None = None
    limits: Limits | None = None
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
    when: When = EVERYONE
    then: Constrain
    mode: Mode = Mode.ENFORCE
    rollout: int = within(100, 0, 100)
    message: Bilingual | None = None
    tests: ConstraintTests = ConstraintTests()
    review_by: Date | None = None
