"""What is logged. `encoding` gives the exact bytes.

Records hold metadata, kinds, spans and rule ids, never matched text. Texts of a conversation
(`Content`), and everything that links a record to a person (`subject`, the salt), are stored
outside the log and can be erased; the entry stays and its proofs remain valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from threegate.types import Action, Caller, Decision, Usage, frozen

NOBODY = Caller(tenant="", key_id="", language="")  # for records that no caller caused
PROXY = "proxy"  # the actor of what nobody does
DAY_US = 86_400 * 1_000_000


class Stage(StrEnum):
    """What a record is about. `received` comes from versions that wrote two records per call; now
    an `Intent` is durable before the model is called, and one record says how the call ended."""

    RECEIVED = "received"
    COMPLETED = "completed"
    BLOCKED = "blocked"
    ABORTED = "aborted"
    INTERRUPTED = "interrupted"  # its process died between the intent and the record
    POLICY = "policy"  # a policy was activated, rolled back, approved
    ACCESS = "access"  # somebody searched, opened, revealed, exported, labelled
    WRITER = "writer"  # a writer opened (naming the heads of others) or closed
    ERASED = "erased"  # a tombstone: what was deleted, by whom, why


ENDS = (Stage.COMPLETED, Stage.BLOCKED, Stage.ABORTED, Stage.INTERRUPTED)  # one per call
OF_CALLS = (Stage.RECEIVED, *ENDS)


class ContentLevel(StrEnum):
    """How much of a text is kept: nothing, a salted hash, the redacted text, or the original as
    well."""

    NONE = "none"
    METADATA = "metadata"
    REDACTED = "redacted"
    FULL = "full"


@frozen
class Part:
    """One text of a conversation. `name` says where: `messages/0/user`, `choices/0/reasoning`."""

    name: str
    text: str = field(repr=False)
    redacted: str | None = field(default=None, repr=False)  # None: nothing to redact


@frozen
class Content:
    """The texts of one record, kept at `level` (None: the log's default)."""

    parts: tuple[Part, ...]
    level: ContentLevel | None = None


NO_USAGE = Usage()


@frozen
class Intent:
    """States that a call was about to reach the model. It is durable before the call does so,
    outside the chain; the call's record repeats it inside.

    `digest` is a salted hash of the request's bytes and `key` the id of its salt's data key, both
    empty if nothing is hashed. `writer` is set where another writer found it after a crash."""

    ts_us: int
    digest: str = ""
    key: str = ""
    nonce: bytes = field(default=b"", repr=False)
    writer: str = ""


@dataclass(slots=True, kw_only=True)  # not frozen: freezing so many members costs time
class Record:
    """One thing that happened. Texts are codes and ids, never text of a conversation.

    `detail` holds the facts of policy and access records (actor, verb, object, reason …). `subject`
    is the end user's id: it is stored as a keyed pseudonym outside the log, so that a subject can
    be found and erased."""

    stage: Stage
    request_id: str = ""
    caller: Caller = NOBODY
    subject: str = field(default="", repr=False)
    trace_id: str = ""
    span_id: str = ""
    endpoint: str = ""
    stream: bool = False
    model_served: str = ""
    policy: str = ""
    policy_revision: str = ""
    intent: Intent | None = None
    decisions: tuple[Decision, ...] = ()
    usage: Usage = NO_USAGE
    finish_reason: str = ""
    upstream_status: int = 0
    error: str = ""
    degraded: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    label: str = ""
    notes: tuple[str, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def action(self) -> Action:
        return max((d.verdict.action for d in self.decisions), default=Action.ALLOW)
