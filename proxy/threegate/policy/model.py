"""The compiled policy: what the guard reads. Immutable; a request pins one.

`load` turns YAML into `schema` values, `compile` turns those into this. Nothing here knows YAML,
files or time.
Durations are milliseconds, sizes are bytes unless a name says tokens or characters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from threegate.types import Action, Bilingual, Caller, Channel, Layer, Level


class Mode(StrEnum):
    OFF = "off"
    SHADOW = "shadow"
    ENFORCE = "enforce"


class StreamMode(StrEnum):
    """HOLD releases a sentence after its verdict; CUT releases at once and ends the stream when it
    comes."""

    HOLD = "hold"
    CUT = "cut"


class MaskStyle(StrEnum):
    PLACEHOLDER = "placeholder"
    HASH = "hash"
    SYNTHETIC = "synthetic"


class Place(StrEnum):
    """Where the constitution goes. AUTO: first user turn for R1 models that ignore system prompts,
    else system."""

    AUTO = "auto"
    SYSTEM = "system"
    FIRST_USER = "first_user"


class Show(StrEnum):
    SHOWN = "shown"
    HIDDEN = "hidden"
    NOTICE = "notice"


class KeepHistory(StrEnum):
    """Old reasoning in a request's history."""

    STRIP = "strip"
    REQUIRE = "require"
    PASS = "pass"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Selector:
    """Which callers. Empty means any. Values are exact or end in `*`."""

    tenant: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    route: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    language: tuple[str, ...] = ()

    def matches(self, caller: Caller) -> bool:
        return (
            _any(self.tenant, caller.tenant)
            and _any(self.key, caller.key_id)
            and _any(self.route, caller.route)
            and _any(self.model, caller.model)
            and _any(self.language, caller.language)
        )


def _any(patterns: tuple[str, ...], value: str) -> bool:
    return not patterns or any(matches(p, value) for p in patterns)


def matches(pattern: str, value: str) -> bool:
    """`pii.cn.*` matches everything below; `pii.cn` matches itself and everything below; else
    equality."""
    if pattern.endswith("*"):
        return value.startswith(pattern[:-1])
    return value == pattern or value.startswith(pattern + ".")


@dataclass(frozen=True, slots=True)
class Detect:
    """Kinds a rule looks for (prefixes allowed). `levels` overrides `level` for single kinds.

    `all`: every one of these kinds must be found in the same passage. `none`: the rule rests if
    one is found.
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
    """Fact check: which sources count, and what each verdict does. No source is its own outcome,
    never a pass."""

    sources: tuple[str, ...] = ("system", "user", "tool_result", "context", "knowledge")
    contradicted: Level = Level.MEDIUM
    unsupported: Level = Level.HIGH
    on_contradicted: Action = Action.BLOCK
    on_unsupported: Action = Action.ANNOTATE
    on_no_source: Action = Action.FLAG
    cite: bool = False


@dataclass(frozen=True, slots=True)
class RuleException:
    """Lives inside the rule it weakens. `expires` is an ISO date; past it the exception is gone."""

    id: str
    match: Selector
    reason: str
    approver: str
    expires: str
    values_sha256: tuple[str, ...] = ()
    """Only findings of these values, hashed with `salt` (`policy.values`); empty: of any."""
    salt: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """Percent of calls that a rule should act on, over `minutes`, from `calls` calls on."""

    max: float = 100.0
    min: float = 0.0
    minutes: int = 10
    calls: int = 200


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
    when: Selector = Selector()
    owner: str = ""
    why: tuple[str, ...] = ()
    on_error: Action = Action.BLOCK
    on_timeout: Action = Action.BLOCK
    deadline_ms: int = 2000
    mode: Mode = Mode.ENFORCE
    rollout: int = 100
    stream: StreamMode = StreamMode.HOLD
    message: Bilingual | None = None
    restore: bool = True
    style: MaskStyle = MaskStyle.PLACEHOLDER
    replacement: str = ""
    answer: str = ""
    http_status: int | None = None
    exceptions: tuple[RuleException, ...] = ()
    band: Band | None = None
    review_by: str = ""
    pack: str = ""


@dataclass(frozen=True, slots=True)
class Clamp:
    """Bounds of one sampling field; `drop` removes it. Order: force, drop, default, min and max."""

    min: float | None = None
    max: float | None = None
    default: float | None = None
    force: float | None = None
    drop: bool = False


@dataclass(frozen=True, slots=True)
class Tools:
    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()
    arguments: str = (
        "any"  # any | schema: arguments in answers must satisfy the tool's own JSON Schema
    )
    max: int = 128
    result_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Fields:
    """Request fields. With `allow` every other unknown field is dropped or refused (`unknown`)."""

    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()
    force: tuple[tuple[str, Any], ...] = ()
    unknown: str = "drop"  # drop | refuse | pass


NOTICE = Bilingual("（思考过程已隐藏）", "(reasoning hidden)")


@dataclass(frozen=True, slots=True)
class Reasoning:
    show: Show = Show.SHOWN
    check: str = "same"  # same: content rules judge reasoning too | separate: only rules naming it
    history: KeepHistory = KeepHistory.PASS
    notice: Bilingual = NOTICE


@dataclass(frozen=True, slots=True)
class Constitution:
    text: str
    place: Place = Place.AUTO


@dataclass(frozen=True, slots=True)
class Clause:
    """Extra constitution text when layer 1 found one of these kinds (medical -> disclaimer)."""

    kinds: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Models:
    allow: tuple[str, ...] | None = None
    alias: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Per tenant and key. None is unlimited."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tokens_per_day: int | None = None
    concurrency: int | None = None
    context_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """What the answer must be, checked on the whole of it. Without a schema of the policy the one
    counts that the client asked for. One of the phrases of `must_say` must be there."""

    json_schema: dict[str, Any] | None = None
    on_invalid: Action = Action.BLOCK
    max_chars: int | None = None
    must_say: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConstraintRule:
    """A rule of layer 2. Several may apply; they are merged in order, the stricter value wins."""

    id: str
    title: Bilingual
    when: Selector = Selector()
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
    images: str = "allow"  # allow | deny
    message: Bilingual | None = None
    review_by: str = ""
    pack: str = ""


class Label(StrEnum):
    """AI-content label (GB 45438): nowhere, response header, `aigc` field, once in the text."""

    OFF = "off"
    HEADER = "header"
    FIELD = "field"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """Callers whose answers get no sign in the text: they asked, and an agreement makes them answer
    for it (labelling measures, article 9). ISO dates, both included; no `expires`: for good."""

    id: str
    match: Selector
    agreement: str
    agreed: str
    expires: str = ""

    def covers(self, caller: Caller, today: str) -> bool:
        holds = self.agreed <= today and (not self.expires or today <= self.expires)
        return holds and self.match.matches(caller)


@dataclass(frozen=True, slots=True)
class WordList:
    """`match`: word (edges matter for ASCII) | substring | sound (by pinyin too). Matching runs on
    normalised views."""

    name: str
    kind: str
    words: tuple[str, ...] = field(repr=False)
    match: str = "substring"


@dataclass(frozen=True, slots=True)
class CustomPattern:
    """An author's RE2 pattern, CJK-safe edges added by the detector."""

    name: str
    kind: str
    pattern: str
    level: Level = Level.HIGH
    edges: bool = True


@dataclass(frozen=True, slots=True)
class Category:
    """A category from a description and examples; scored by embeddings."""

    name: str
    kind: str
    describe: Bilingual
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuditSetting:
    level: str = "metadata"  # none | metadata | redacted | full
    on_failure: str = "fail_request"  # fail_request | spool | continue


@dataclass(frozen=True, slots=True)
class Answer:
    """A curated reply (代答)."""

    id: str
    text: Bilingual
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Knowledge:
    """One document of the knowledge base."""

    id: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """Everything the guard needs for one binding. `digest` names the exact bytes it came from."""

    digest: str
    name: str
    version: str = ""
    rules: tuple[Rule, ...] = ()
    constraints: tuple[ConstraintRule, ...] = ()
    lists: tuple[WordList, ...] = ()
    patterns: tuple[CustomPattern, ...] = ()
    categories: tuple[Category, ...] = ()
    answers: tuple[Answer, ...] = ()
    knowledge: tuple[Knowledge, ...] = ()
    pass_through: tuple[str, ...] = ()
    label: Label = Label.OFF
    unlabelled: tuple[Unlabelled, ...] = ()
    audit: AuditSetting = AuditSetting()
    recognizers: tuple[dict[str, Any], ...] = ()
    banded: tuple[Rule, ...] = ()
    """Those of `rules` that have a band."""

    def rules_for(self, layer: Layer, channel: Channel) -> tuple[Rule, ...]:
        return tuple(
            r
            for r in self.rules
            if r.layer is layer and channel in r.channels and r.mode is not Mode.OFF
        )


@dataclass(frozen=True, slots=True)
class Binding:
    selector: Selector
    policy: CompiledPolicy


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All bindings, first match wins; `digest` covers all of them."""

    digest: str
    bindings: tuple[Binding, ...]

    def policy_for(self, caller: Caller) -> CompiledPolicy | None:
        return next((b.policy for b in self.bindings if b.selector.matches(caller)), None)
