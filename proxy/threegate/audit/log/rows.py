"""From a record to what the writer stores: the canonical event and the columns beside it. Pure but
for randomness.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from threegate.audit.log.chain import Hasher
from threegate.audit.log.content import RandomBytes, SealedContent, seal
from threegate.audit.log.keys import DataKey
from threegate.audit.log.record import ACTION_OF, Content, ContentLevel, Record, canonical, event
from threegate.audit.settings import OnFailure

Row = tuple[Any, ...]
BIND_BYTES = 16


@dataclass(slots=True)  # made twice a call, as a record is
class PendingRecord:
    """One record on its way to the writer. `columns` are `audit_record`'s from `request_id` to
    `retention`.

    `hits` are (rule, kind, layer, action, shadow).
    """

    event_id: str
    event: bytes = field(repr=False)
    ts_us: int
    columns: Row
    subject: str | None = field(default=None, repr=False)
    salt: bytes | None = field(default=None, repr=False)
    hits: tuple[Row, ...] = ()
    key: DataKey | None = None
    blob: bytes = field(default=b"", repr=False)
    terms: str = field(default="", repr=False)
    spooled: bool = False
    work: Callable[[Connection], object] | None = None  # in the same transaction
    on_failure: OnFailure = OnFailure.FAIL_REQUEST


def make(
    record: Record,
    content: Content | None,
    *,
    ts_us: int,
    mono_us: int,
    level: ContentLevel,
    key: DataKey | None,
    pseudonym: str,
    hasher: Hasher,
) -> PendingRecord:
    """`key` is the tenant's data key of the day, needed where content is kept or hashed."""
    fresh = RandomBytes.draw()
    kept = content is not None and key is not None and level is not ContentLevel.NONE
    nonce = fresh.salt if kept or pseudonym else None
    sealed = SealedContent([])
    if content is not None and key is not None and nonce is not None:
        sealed = seal(content, level, key, fresh, hasher)
    commitment = bind(nonce, pseudonym, hasher) if nonce else ""
    payload = event(record, fresh.event_id, mono_us, sealed.entries, commitment)
    return PendingRecord(
        fresh.event_id,
        canonical(payload),
        ts_us,
        columns(payload),
        subject=pseudonym or None,
        salt=nonce,
        hits=hits(payload),
        key=key if sealed.blob or sealed.entries else None,
        blob=sealed.blob,
        terms=sealed.terms,
    )


def bind(nonce: bytes, pseudonym: str, hasher: Hasher) -> str:
    """Commits the entry to its salt nonce and subject; unlinkable once the nonce is erased."""
    return hasher.digest(nonce + pseudonym.encode())[:BIND_BYTES].hex()


COLUMN_NAMES = (
    "request_id", "stage", "action", "layer", "tenant", "key_id", "model", "policy", "language",
    "conversation", "retention",
)  # fmt: skip


def columns(payload: dict[str, Any]) -> Row:
    """`COLUMN_NAMES` of an event; verification derives them again and compares."""
    caller = payload.get("caller", {})
    return (
        payload["request"],
        payload["stage"],
        ACTION_OF[payload.get("action", "allow")],
        acting_layer(payload),
        caller.get("tenant", ""),
        caller.get("key", ""),
        payload.get("model", {}).get("requested", ""),
        payload.get("policy", {}).get("digest", ""),
        caller.get("language", ""),
        caller.get("conversation", ""),
        payload.get("retention", ""),
    )


def acting_layer(payload: dict[str, Any]) -> str:
    """The first layer whose action is the record's, '' when nothing acted."""
    action = payload.get("action", "allow")
    if action == "allow":
        return ""
    return next((d["layer"] for d in payload.get("decisions", ()) if d["action"] == action), "")


def hits(payload: dict[str, Any]) -> tuple[Row, ...]:
    """Each (rule, kind, layer, action, shadow) once. A failure's kind is `failed.<reason>`."""
    seen: dict[Row, None] = {}
    for decision in payload.get("decisions", ()):
        for r in decision["ruled"]:
            kind = f"failed.{r['failed']}" if "failed" in r else r["kind"]
            action = ACTION_OF[r["action"]]
            row = (r["rule"], kind, decision["layer"], action, r.get("shadow", False))
            seen[row] = None
    return tuple(seen)
