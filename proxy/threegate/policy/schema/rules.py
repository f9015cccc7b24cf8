# ruff: noqa: E501 - titles in both languages stay in one piece
# ruff: noqa: RUF009 - calls make dataclass fields and frozen defaults
"""A rule of the input or output layer: what it looks for, what it does, its exceptions and tests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from threegate.policy.language.shapes import (
    Date,
    ExceptionId,
    Host,
    Id,
    Kind,
    Located,
    Sha256,
    mapping,
    within,
    written_as,
)
from threegate.policy.model import (
    EVERYONE,
    AnnotationForm,
    Band,
    MaskStyle,
    Mode,
    SecondOpinion,
    Selector,
    StreamMode,
    When,
)
from threegate.types import Action, Bilingual, Channel, Layer, Level


class Restore(StrEnum):
    CLIENT = "client"
    NEVER = "never"


class ReasonCode(StrEnum):
    """Why an exception exists."""

    APPROVED_USE = "approved_use"
    FALSE_POSITIVE = "false_positive"
    TEST_DATA = "test_data"
    FIX_PLANNED = "fix_planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptMatch(Selector):
    """例外的适用对象 / What an exception covers"""

    value_sha256: tuple[Sha256, ...] = ()
    value_salt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceptional(Located):
    """例外 / An exception, inside the rule it weakens"""

    id: ExceptionId
    match: ExceptMatch
    reason: ReasonCode
    approver: str
    expires: Date


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsSpec(Located):
    """事实核查 / Fact check"""

    sources: tuple[str, ...] = ("system", "user", "tool_result", "context", "knowledge")
    contradicted: Level = Level.MEDIUM
    unsupported: Level = Level.HIGH
    cite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectSpec(Located):
    """检测什么 / What to look for"""

    any: tuple[Kind, ...] = ()
    all: tuple[Kind, ...] = ()
    none: tuple[Kind, ...] = ()
    levels: dict[Kind, Level] = mapping()
    claims: ClaimsSpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockThen(Located):
    """拦截 / Block"""

    status: int | None = within(None, 400, 499)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerThen(Located):
    """代答 / Curated reply"""

    use: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceThen(Located):
    """替换 / Replace"""

    replacement: str | Bilingual = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskThen(Located):
    """脱敏 / Mask"""

    restore: Restore | tuple[str, ...] = Restore.CLIENT
    hosts: tuple[Host, ...] = ()
    files: tuple[str, ...] = ()
    style: MaskStyle = MaskStyle.PLACEHOLDER


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotateThen(Located):
    """注明 / Annotate"""

    show: AnnotationForm = AnnotationForm.DATA


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainThen(Located):
    """无选项的动作 / An action without options"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Then(Located):
    """命中后的动作，写一个；事实核查写三个 on_ / What happens: one action; for claims the three on_ keys"""

    block: BlockThen | None = None
    answer: AnswerThen | None = None
    rewrite: ReplaceThen | None = None
    redact: ReplaceThen | None = None
    mask: MaskThen | None = None
    annotate: AnnotateThen | None = None
    flag: PlainThen | None = None
    on_contradicted: Action | None = None
    on_unsupported: Action | None = None
    on_no_source: Action | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Located):
    """一条测试 / One test of a detection rule"""

    text: str
    channel: Channel | None = None
    question: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests(Located):
    """测试 / Tests: at least one of each"""

    match: tuple[Sample, ...] = ()
    no_match: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Located):
    """输入层或输出层的规则 / A rule of the input or output layer"""

    id: Id
    title: Bilingual
    owner: str
    why: tuple[str, ...]
    layer: Layer
    where: tuple[Channel, ...]
    when: When = EVERYONE
    detect: DetectSpec
    level: Level = Level.MEDIUM
    then: Then
    on_error: Action = Action.BLOCK
    on_timeout: Action = Action.BLOCK
    deadline_ms: int = within(2000, 10, 60000)
    mode: Mode = Mode.ENFORCE
    rollout: int = within(100, 0, 100)
    band: Band | None = None
    second_opinion: SecondOpinion | None = None
    stream: StreamMode = StreamMode.HOLD
    message: Bilingual | None = None
    exceptions: tuple[Exceptional, ...] = written_as("except", ())
    tests: Tests = Tests()
    review_by: Date | None = None
