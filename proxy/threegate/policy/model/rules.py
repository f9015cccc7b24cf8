# ruff: noqa: E501 - titles in both languages stay in one piece
"""Rules of the input and output layer, compiled."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from threegate.policy.language.shapes import Kind, Located, within
from threegate.policy.model.callers import EVERYONE, Selector, When, matches
from threegate.types import Action, Bilingual, Channel, Layer, Level

NO_REPLACEMENT = Bilingual("", "")


class Mode(StrEnum):
    OFF = "off"
    SHADOW = "shadow"
    ENFORCE = "enforce"


class StreamMode(StrEnum):
    """HOLD releases a sentence after its verdict; CUT releases at once and ends the stream when a
    verdict arrives."""

    HOLD = "hold"
    CUT = "cut"


class MaskStyle(StrEnum):
    PLACEHOLDER = "placeholder"
    HASH = "hash"
    SYNTHETIC = "synthetic"


class AnnotationForm(StrEnum):
    """How an annotation reaches the client: DATA only as data for the application, BELOW also as
    the rule's message beneath the answer."""

    DATA = "data"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Restoring:
    """Where a masked value is restored for the client. `tools`: only in the arguments of these
    tools; None: of every tool. `hosts`: also in addresses of these hosts; `*.` in front covers all
    names below one. `files`: everywhere in the arguments of these tools, which write files of the
    client."""

    tools: tuple[str, ...] | None = None
    hosts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Detect:
    """Kinds a rule looks for (prefixes allowed). `levels` overrides `level` for single kinds.

    `all`: every one of these kinds must be found in the same passage. `none`: the rule does not act
    if one is found.
    """

    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    level: Level = Level.MEDIUM
    levels: tuple[tuple[str, Level], ...] = ()

    def level_for(self, kind: str) -> Level:
        return next((lv for p, lv in self.levels if matches(p, kind)), self.level)


@dataclass(frozen=True, slots=True)
class Claims:
    """Fact check: which sources count, and what each verdict does. Having no source is a separate
    outcome and never a pass."""

    sources: tuple[str, ...] = ("system", "user", "tool_result", "context", "knowledge")
    contradicted: Level = Level.MEDIUM
    unsupported: Level = Level.HIGH
    on_contradicted: Action = Action.BLOCK
    on_unsupported: Action = Action.ANNOTATE
    on_no_source: Action = Action.FLAG
    cite: bool = False


@dataclass(frozen=True, slots=True)
class RuleException:
    """An exception, written inside the rule that it weakens. `expires` is an ISO date after which
    it no longer applies."""

    id: str
    match: Selector
    reason: str
    approver: str
    expires: str
    values_sha256: tuple[str, ...] = ()
    """Only findings of these values, hashed with `salt` (`policy.values`); empty: of any value."""
    salt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band(Located):
    """规则生效的比例范围，超出上限则自动停用 / How often the rule may act; above that it is stopped"""

    # Percent of calls within `minutes`, once there are `calls` calls.
    max: float = within(100.0, 0, 100)
    min: float = within(0.0, 0, 100)
    minutes: int = within(10, 1, 1440)
    calls: int = within(200, 20, 10**6)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinion(Located):
    """第二意见：把握不足的结果由更大的模型确认 / A larger model confirms what is unsure"""

    # A judge (`ask`, a kind such as `judge.qwen`) must confirm findings at `levels`, at `confirm`
    # or above. None for a failure: the rule acts.
    ask: Kind
    levels: tuple[Level, ...] = (Level.LOW, Level.MEDIUM)
    confirm: Level = Level.MEDIUM
    deadline_ms: int = within(2000, 10, 60000)
    on_error: Action | None = None
    on_timeout: Action | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """An input or output rule."""

    id: str
    layer: Layer
    title: Bilingual
    channels: frozenset[Channel]
    action: Action
    detect: Detect = Detect()
    claims: Claims | None = None
    when: When = EVERYONE
    owner: str = ""
    why: tuple[str, ...] = ()
    on_error: Action = Action.BLOCK
    on_timeout: Action = Action.BLOCK
    deadline_ms: int = 2000
    mode: Mode = Mode.ENFORCE
    rollout: int = 100
    stream: StreamMode = StreamMode.HOLD
    message: Bilingual | None = None
    restore: Restoring | None = Restoring()
    """Where a masked value is restored; None: never."""
    style: MaskStyle = MaskStyle.PLACEHOLDER
    replacement: Bilingual = NO_REPLACEMENT
    annotation: AnnotationForm = AnnotationForm.DATA
    answer: str = ""
    http_status: int | None = None
    exceptions: tuple[RuleException, ...] = ()
    band: Band | None = None
    second_opinion: SecondOpinion | None = None
    review_by: str = ""
    pack: str = ""
