"""The types that all other modules use: frozen values without behaviour.

Spans are half-open and count code points of the original text. A finding never carries the matched
text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TypeVar, dataclass_transform

Made = TypeVar("Made")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(made: type[Made]) -> type[Made]:
    """A dataclass whose fields are never reassigned. Only the type checker enforces this: a call
    creates a hundred of them, and `dataclass(frozen=True)` sets each field at five times the
    cost."""
    return dataclass(slots=True, unsafe_hash=True)(made)


class Layer(StrEnum):
    INPUT = "input"
    CONSTRAINT = "constraint"
    OUTPUT = "output"


class Channel(StrEnum):
    """Where a text sits in a call. `reasoning_content`, `reasoning` and inline `<think>` are all
    REASONING."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL_RESULT = "tool_result"
    TOOL_ARGUMENTS = "tool_arguments"
    CONTENT = "content"
    REASONING = "reasoning"


class Level(IntEnum):
    """How sure a detector is. A rule with level L acts on findings of level >= L."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Action(IntEnum):
    """Total order; the strongest of all findings wins. `ANSWER` is a curated reply (代答)."""

    ALLOW = 0
    FLAG = 1
    ANNOTATE = 2
    MASK = 3
    REDACT = 4
    REWRITE = 5
    ANSWER = 6
    BLOCK = 7


class Reason(StrEnum):
    """Why a detector gave no answer."""

    TIMEOUT = "timeout"
    OVERLOAD = "overload"
    ERROR = "error"


@frozen
class Bilingual:
    zh: str
    en: str

    def get(self, language: str) -> str:
        return self.zh if language.startswith("zh") else self.en

    def filled(self, details: Mapping[str, object]) -> Bilingual:
        """Fills the fields in braces. A detail may itself be bilingual; a missing one is a bug and
        raises KeyError."""

        def text(language: str) -> str:
            own = {k: v.get(language) for k, v in details.items() if isinstance(v, Bilingual)}
            return self.get(language).format_map({**details, **own})

        return Bilingual(text("zh"), text("en"))


@frozen
class Span:
    start: int
    end: int

    def __lt__(self, other: Span) -> bool:
        return (self.start, self.end) < (other.start, other.end)


@frozen
class TextLocation:
    """Where a text sits, so that a span is reportable. `part` is a JSON pointer below the message
    or choice."""

    layer: Layer
    channel: Channel
    message: int | None = None
    part: str = ""
    choice: int | None = None


@frozen
class Source:
    """A text that claims may rest on: a message, a tool result, a document, a knowledge chunk. A
    fact check counts it if it counts one of `names`."""

    id: str
    text: str = field(repr=False)
    names: frozenset[str] = frozenset()


@frozen
class Passage:
    """What a detector gets. `offset` is the position of `text[0]` in the text at `locus`.

    `before` is the text in front of it, for classifiers that judge cumulatively; `nearby` is the
    latest text of the other parts of the answer (its choices, its reasoning); `question` the last
    user turn (for answers); `sources` what claims may rest on, `counted` the names of them that
    each fact check counts (empty: all count all). `clear`: it has been checked completely as it
    grew, and nothing in it scored near a level.
    """

    locus: TextLocation
    text: str = field(repr=False)
    offset: int = 0
    before: str = field(default="", repr=False)
    nearby: str = field(default="", repr=False)
    question: str = field(default="", repr=False)
    sources: tuple[Source, ...] = field(default=(), repr=False)
    clear: bool = False
    counted: tuple[frozenset[str], ...] = ()


CLAIM_SUPPORTED, CLAIM_CONTRADICTED = "claim.supported", "claim.contradicted"
CLAIM_UNSUPPORTED, CLAIM_NO_SOURCE = "claim.unsupported", "claim.no_source"
CLAIM_KINDS = (CLAIM_SUPPORTED, CLAIM_NO_SOURCE, CLAIM_UNSUPPORTED, CLAIM_CONTRADICTED)
"""Verdicts of a fact check, the worst last."""


@frozen
class Finding:
    """One located observation, no judgement. `kind` is dotted: `pii.cn.id_card`,
    `claim.contradicted`.

    `note` is a low-cardinality code or a reference (evidence source and span), never text of a
    conversation. `counted` names the sources that a claim was compared with (empty: all).
    """

    detector: str
    kind: str
    span: Span
    score: float
    level: Level
    locus: TextLocation
    note: str = ""
    counted: frozenset[str] = frozenset()


@frozen
class Failed:
    """A detector gave no answer; the policy must handle this value (`on_error`, default block)."""

    detector: str
    reason: Reason
    locus: TextLocation


@frozen
class Opinion:
    """A judge's answer about a text in which a rule's detector was unsure. `asked` is the judge's
    kind, `score` (0 to 1) how likely the text is bad, None if `failed` says why there is no answer;
    `confirmed`: the rule acts because of it. For a claim, `claim` is the judge's own verdict,
    `score` its certainty, and `replaced` the finding that had to give way to it."""

    asked: str
    score: float | None = None
    level: Level | None = None
    failed: Reason | None = None
    ms: float = 0.0
    cached: bool = False
    confirmed: bool = False
    claim: str = ""
    replaced: Finding | None = None

    @property
    def outcome(self) -> str:
        if self.failed is not None:
            return self.failed.value
        if self.replaced is not None:
            return "replaced"
        if self.claim and not self.confirmed:
            return "unsure"
        return "confirmed" if self.confirmed else "dismissed"


@frozen
class Ruling:
    """One finding or failure as one rule judged it. `shadow` rules and exceptions are recorded,
    not acted on. A finding that a second opinion dismissed has the action ALLOW."""

    rule_id: str
    action: Action
    finding: Finding | Failed
    shadow: bool = False
    exception_id: str = ""
    opinion: Opinion | None = None


@frozen
class Verdict:
    """Pure result of `decide`: the strongest action and everything that led to it."""

    action: Action = Action.ALLOW
    ruled: tuple[Ruling, ...] = ()

    @classmethod
    def of(cls, ruled: Sequence[Ruling]) -> Verdict:
        """The verdict of these rulings; those in shadow do not act."""
        action = max([r.action for r in ruled if not r.shadow], default=Action.ALLOW)
        return cls(action, tuple(ruled))


@frozen
class Caller:
    """Who calls, as rules and audit see it. `key_id` names the API key, never the key itself;
    `served` the model that answers, if a policy's alias maps to another than requested."""

    tenant: str = "default"
    key_id: str = "anonymous"
    route: str = ""
    model: str = ""
    language: str = "en"
    conversation: str = ""
    served: str = ""


@frozen
class Usage:
    """Token counts as the model API reported them. `cached` and `reasoning` are parts of input and
    output."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0


@frozen
class Decision:
    """What is audited and explained: one layer's verdict under one policy digest. Timings in
    milliseconds."""

    id: str
    request_id: str
    layer: Layer
    verdict: Verdict
    policy: str
    timings_ms: dict[str, float] = field(default_factory=dict)
