"""Rules of the constraint layer, compiled."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from threegate.policy.language.shapes import Kind, Located, within
from threegate.policy.model.callers import EVERYONE, When
from threegate.policy.model.rules import Mode
from threegate.types import Action, Bilingual


class ConstitutionPlace(StrEnum):
    """Where the constitution goes. AUTO: first user turn for R1 models that ignore system prompts,
    else system."""

    AUTO = "auto"
    SYSTEM = "system"
    FIRST_USER = "first_user"


class ReasoningVisibility(StrEnum):
    """What a client gets of reasoning, strictest last. MASKED: what layer 1 masked stays masked."""

    SHOWN = "shown"
    MASKED = "masked"
    NOTICE = "notice"
    HIDDEN = "hidden"


class KeepHistory(StrEnum):
    """Old reasoning in a request's history."""

    STRIP = "strip"
    REQUIRE = "require"
    PASS = "pass"  # noqa: S105


class Unknown(StrEnum):
    """What happens to a request field that is not in the allow-list."""

    DROP = "drop"
    REFUSE = "refuse"
    PASS = "pass"  # noqa: S105


class Arguments(StrEnum):
    """SCHEMA: arguments in answers must satisfy the tool's own JSON Schema."""

    ANY = "any"
    SCHEMA = "schema"


class Check(StrEnum):
    """SAME: content rules judge reasoning too. SEPARATE: only rules that name it."""

    SAME = "same"
    SEPARATE = "separate"


class Images(StrEnum):
    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clamp(Located):
    """参数范围 / Bounds of one parameter"""

    # Applied in the order force, drop, default, min and max.

    min: float | None = None
    max: float | None = None
    default: float | None = None
    force: float | None = None
    drop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools(Located):
    """工具 / Tools"""

    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()
    arguments: Arguments = Arguments.ANY
    max: int = within(128, 0, 128)
    result_bytes: int = within(1 << 20, 1, 1 << 26)


@dataclass(frozen=True, slots=True)
class Fields:
    """Request fields. With `allow` every other unknown field is dropped or refused (`unknown`)."""

    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()
    force: tuple[tuple[str, Any], ...] = ()
    unknown: Unknown = Unknown.DROP


NOTICE = Bilingual("（思考过程已隐藏）", "(reasoning hidden)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning(Located):
    """思考过程 / Reasoning"""

    show: ReasoningVisibility = ReasoningVisibility.SHOWN
    check: Check = Check.SAME
    history: KeepHistory = KeepHistory.PASS
    notice: Bilingual = NOTICE


@dataclass(frozen=True, slots=True)
class Constitution:
    text: str
    place: ConstitutionPlace = ConstitutionPlace.AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause(Located):
    """按输入命中追加的条款 / A clause added when the input held one of these kinds"""

    # Such as a disclaimer on medical matters; with `masked`, if the model reads a placeholder.
    text: str
    kinds: tuple[Kind, ...] = ()
    masked: bool = False


@dataclass(frozen=True, slots=True)
class Models:
    allow: tuple[str, ...] | None = None
    alias: tuple[tuple[str, str], ...] = ()


class LimitScope(StrEnum):
    """Which calls share a limit: those of one key, or of all keys of a tenant."""

    KEY = "key"
    TENANT = "tenant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(Located):
    """用量上限 / Limits"""

    # None is unlimited.
    requests_per_minute: int | None = within(None, 1, 10**9)
    tokens_per_minute: int | None = within(None, 1, 10**12)
    tokens_per_day: int | None = within(None, 1, 10**15)
    concurrency: int | None = within(None, 1, 10**6)
    context_tokens: int | None = within(None, 1, 10**9)
    per: LimitScope = LimitScope.KEY

    @property
    def by_tokens(self) -> bool:
        """Whether the tokens of a call must be known when it has ended."""
        return self.tokens_per_minute is not None or self.tokens_per_day is not None


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """Requirements on the whole answer. Without a schema in the policy, the one that the client
    asked for applies. One of the phrases of `must_say` must occur."""

    json_schema: dict[str, Any] | None = None
    on_invalid: Action = Action.BLOCK
    max_chars: int | None = None
    must_say: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConstraintRule:
    """A rule of layer 2. Several may apply; they are merged in order, the stricter value wins."""

    id: str
    title: Bilingual
    when: When = EVERYONE
    owner: str = ""
    why: tuple[str, ...] = ()
    mode: Mode = Mode.ENFORCE
    rollout: int = 100
    constitution: Constitution | None = None
    clauses: tuple[Clause, ...] = ()
    clamp: tuple[tuple[str, Clamp], ...] = ()
    models: Models | None = None
    tools: Tools | None = None
    fields: Fields | None = None
    reasoning: Reasoning | None = None
    limits: Limits | None = None
    response_format: ResponseFormat | None = None
    images: Images = Images.ALLOW
    message: Bilingual | None = None
    review_by: str = ""
    pack: str = ""
