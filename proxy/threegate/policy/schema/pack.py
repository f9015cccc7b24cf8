# ruff: noqa: E501 - titles in both languages stay in one piece
# ruff: noqa: RUF009 - calls make dataclass fields and frozen defaults
"""A pack, the whole of one file: rules, and the lists, detectors and knowledge that they use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from threegate.policy.language.shapes import (
    Date,
    ExceptionId,
    Id,
    Located,
    Name,
    Path,
    Regex,
    mapping,
    within,
)
from threegate.policy.model import AiLabel, CheckDigits, Selector
from threegate.policy.schema.constraints import ConstraintRule
from threegate.policy.schema.rules import Rule
from threegate.types import Bilingual, Level

AnyRule = Rule | ConstraintRule


class Match(StrEnum):
    """Loosest first."""

    ASKED = "asked"
    WORD = "word"
    SUBSTRING = "substring"
    SOUND = "sound"


class AuditLevel(StrEnum):
    NONE = "none"
    METADATA = "metadata"
    REDACTED = "redacted"
    FULL = "full"


class OnAuditFailure(StrEnum):
    """Strictest first."""

    FAIL_REQUEST = "fail_request"
    SPOOL = "spool"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSpec(Located):
    """词表；类别是 list.<名称> / A word list; its kind is list.<name>"""

    title: Bilingual | None = None
    words: tuple[str, ...] = ()
    file: Path | None = None
    match: Match = Match.SUBSTRING


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples(Located):
    """正则的例子，加载时核对 / Examples of a pattern, checked at load"""

    match: tuple[str, ...] = ()
    no_match: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CategorySpec(Located):
    """用描述和例子定义的类别 / A category given by description and examples"""

    describe: Bilingual
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSpec(Located):
    """自定义检测器 / A detector of your own: pattern.<name> or category.<name>"""

    regex: Regex | None = None
    examples: Examples = Examples()
    level: Level = Level.HIGH
    edges: bool = True
    check_digits: CheckDigits | None = None
    category: CategorySpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeSpec(Located):
    """知识库 / A knowledge base"""

    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSpec(Located):
    """审计 / Audit"""

    level: AuditLevel = AuditLevel.METADATA
    on_failure: OnAuditFailure | None = None
    review_passed: int = within(5, 0, 100)
    review_twice: int = within(20, 0, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlabelledSpec(Located):
    """不加文内标识的提供（标识办法第九条） / Delivery without the sign in the text (labelling measures,
    article 9)"""

    id: ExceptionId
    tenants: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    agreement: str
    agreed: Date
    expires: Date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingSpec(Located):
    """绑定：谁用哪个策略包 / Which callers get which pack; the first match wins"""

    pack: Id
    also: tuple[Id, ...] = ()
    route: str = ""
    tenants: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def packs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.pack, *self.also)))

    @property
    def selector(self) -> Selector:
        route = (self.route,) if self.route else ()
        return Selector(tenant=self.tenants, key=self.keys, route=route, model=self.models)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack(Located):
    """策略包，一个文件 / A pack: one file"""

    pack: Id
    title: Bilingual
    version: str = ""
    extends: tuple[Id, ...] = ()
    label: AiLabel | None = None
    unlabelled: tuple[UnlabelledSpec, ...] = ()
    audit: AuditSpec | None = None
    pass_through: tuple[str, ...] = ()
    lists: dict[Name, ListSpec] = mapping()
    detectors: dict[Name, DetectorSpec] = mapping()
    recognizers: tuple[dict[str, Any], ...] = ()
    knowledge: dict[Name, KnowledgeSpec] = mapping()
    rules: tuple[AnyRule, ...] = ()
    bindings: tuple[BindingSpec, ...] = ()
