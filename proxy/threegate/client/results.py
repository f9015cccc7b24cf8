"""The guard's results as values, and the two errors that it raises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

Message = Mapping[str, Any]
"""One turn in the shape of chat completions."""


class ContextOptions(TypedDict, total=False):
    """Context of a check. `sources` are texts, or mappings with `id` and `text`, that claims of an
    answer may rest on; `conversation` is your id of the conversation, `policy` the name of a policy
    bound to you, `subject` the end user, `language` (zh or en) that of messages to the user."""

    sources: Sequence[str | Mapping[str, str]]
    tools: Sequence[Message]
    model: str
    route: str
    policy: str
    conversation: str
    language: str
    subject: str


class CheckOptions(ContextOptions, total=False):
    """`masks` comes from an earlier verdict: values that the output stage may restore."""

    masks: str


@dataclass(frozen=True, slots=True)
class GuardFinding:
    """One thing found on which a rule acted. `start` and `end` count code points of the text at
    `at`, as it was given. The text itself is not included."""

    rule_id: str
    action: str
    kind: str
    start: int
    end: int
    score: float
    level: str
    detector: str
    at: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GuardClaim:
    """A claim of an answer: supported, contradicted, unsupported or no_source. `evidence` names the
    source and a span of it."""

    rule_id: str
    action: str
    verdict: str
    start: int
    end: int
    score: float
    evidence: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`id` names the audit record. Edited texts are in `messages`, `texts` or `answer`, as they
    were given; none of them where `allowed` is false. Then `reply` is the curated reply to give
    instead, or `message` (zh, en) says why."""

    id: str
    allowed: bool
    action: str
    policy: str
    conversation: str
    findings: tuple[GuardFinding, ...] = ()
    claims: tuple[GuardClaim, ...] = ()
    failures: tuple[Mapping[str, Any], ...] = ()
    messages: tuple[Message, ...] = field(default=(), repr=False)
    texts: tuple[str, ...] = field(default=(), repr=False)
    answer: Message | None = field(default=None, repr=False)
    message: Mapping[str, str] | None = None
    reply: str | None = None
    masks: str = field(default="", repr=False)

    @property
    def text(self) -> str:
        """The first of `texts`."""
        return self.texts[0] if self.texts else ""

    @property
    def words(self) -> str:
        """What a user reads in place of a stopped text."""
        return self.reply or "\n".join(filter(None, (self.message or {}).values()))


@dataclass(frozen=True, slots=True)
class MaskedText:
    """`masks` is sealed: only this guard can open it to restore the values."""

    text: str = field(repr=False)
    masks: str = field(repr=False)
    verdict: Verdict


class GuardError(Exception):
    """The check could not be made. `status` is an HTTP status, `code` a stable code for programs. A
    text whose check failed has not been judged: do not use it."""

    def __init__(self, message: str, status: int, code: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class GuardStopped(Exception):
    """The policy stops the text; `verdict` says why."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reply or (verdict.message or {}).get("en", verdict.action))
        self.verdict = verdict


def verdict_of(body: Mapping[str, Any]) -> Verdict:
    """From the answer of `/v1/guard/check`. Raises KeyError for anything else."""
    return Verdict(
        id=body["id"],
        allowed=body["allowed"],
        action=body["action"],
        policy=body["policy"],
        conversation=body["conversation"],
        findings=tuple(GuardFinding(**f) for f in body["findings"]),
        claims=tuple(_claim(c) for c in body["claims"]),
        failures=tuple(body["failures"]),
        messages=tuple(body["messages"] or ()),
        texts=tuple(body["texts"] or ()),
        answer=body["answer"],
        message=body["message"],
        reply=body["reply"],
        masks=body["masks"] or "",
    )


def _claim(body: Mapping[str, Any]) -> GuardClaim:
    names = ("rule_id", "action", "verdict", "start", "end", "score", "evidence")
    return GuardClaim(**{name: body[name] for name in names})
