"""The words of the policy language in both languages: one table of `i18n/vocabulary.toml` for each
closed set of values.

Values on a scale are listed weakest first, so that order and words are one table. A test compares
`VOCABULARY` with the schema: no word of the language lacks its translation.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from enum import Enum
from types import MappingProxyType
from typing import Any

from threegate.i18n.catalog import texts
from threegate.policy.actions import ACTIONS
from threegate.policy.kinds import title_of
from threegate.policy.language.problems import Severity
from threegate.policy.model import (
    AiLabel,
    AnnotationForm,
    Arguments,
    Check,
    CheckDigits,
    ConstitutionPlace,
    Images,
    KeepHistory,
    LimitScope,
    MaskStyle,
    Mode,
    ReasoningVisibility,
    StreamMode,
    Unknown,
)
from threegate.policy.schema import AuditLevel, Match, OnAuditFailure, ReasonCode, Restore
from threegate.types import Action, Bilingual, Channel, Layer, Level, Reason

Scale = Mapping[Any, Bilingual]
"""Values with their words. A member of a `StrEnum` is also found by its text."""


def _scale(kind: type[Enum]) -> Scale:
    return {kind[name.upper()]: words for name, words in texts("vocabulary", kind.__name__).items()}


ACTION: Scale = {info.action: info.title for info in ACTIONS}
_KINDS: tuple[type[Enum], ...] = (
    AnnotationForm,
    Arguments,
    AuditLevel,
    Channel,
    Check,
    Images,
    KeepHistory,
    AiLabel,
    Layer,
    Level,
    CheckDigits,
    MaskStyle,
    Match,
    Mode,
    OnAuditFailure,
    LimitScope,
    ConstitutionPlace,
    Reason,
    ReasonCode,
    Restore,
    Severity,
    ReasoningVisibility,
    StreamMode,
    Unknown,
)
VOCABULARY: Mapping[type[Enum], Scale] = {Action: ACTION, **{kind: _scale(kind) for kind in _KINDS}}

MODE = VOCABULARY[Mode]
LEVEL = VOCABULARY[Level]
LAYER = VOCABULARY[Layer]
CHANNEL = VOCABULARY[Channel]
RESTORE = VOCABULARY[Restore]
REASON = VOCABULARY[ReasonCode]
MATCH = VOCABULARY[Match]
AUDIT_LEVEL = VOCABULARY[AuditLevel]
ON_AUDIT_FAILURE = VOCABULARY[OnAuditFailure]
FAILED = VOCABULARY[Reason]
SEVERITY = VOCABULARY[Severity]

_OWN = texts("vocabulary", "kinds")
_TITLED: ContextVar[Mapping[str, Bilingual]] = ContextVar("titled", default=MappingProxyType({}))


def use_kind_titles(titles: Mapping[str, Bilingual]) -> None:
    """What lists and detectors are called, beside what they were called already, for the rest of
    this task: a draft's titles are seen by nobody else."""
    _TITLED.set({**_TITLED.get(), **titles})


def kind_title(kind: str) -> Bilingual:
    """The name of a kind, or that of the nearest family above it with the rest of the kind."""
    title = _OWN.get(kind) or title_of(kind)
    above, _, rest = kind.rpartition(".")
    if own := _TITLED.get().get(kind):
        wider = kind_title(above)
        return Bilingual(f"{own.zh}（{wider.zh}）", f"{own.en} ({wider.en})")
    if title.en != kind or not above:
        return title
    wider = kind_title(above)
    if wider.en == above:
        return title
    return Bilingual(f"{wider.zh} {rest}", f"{wider.en} {rest}")


def kind_named(kind: str) -> Bilingual:
    """A kind with its name, as shown in a list of changes; only the kind if it has no name."""
    title = _TITLED.get().get(kind) or kind_title(kind)
    if title.en == kind:
        return Bilingual(kind, kind)
    return Bilingual(f"{title.zh}（{kind}）", f"{title.en} ({kind})")
