"""Turns an intent or a record into what the writer stores: the canonical event and the search
columns. Pure except for randomness.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

import orjson
from sqlalchemy import Connection

from threegate.audit.log.chain import SHA256, Hasher
from threegate.audit.log.content import (
    SALT_NONCE_BYTES,
    RandomBytes,
    SealedContent,
    request_digest,
    seal,
)
from threegate.audit.log.encoding import ACTION_OF, UNDECIDED, canonical, clean, event
from threegate.audit.log.keys import DataKey
from threegate.audit.log.record import ENDS, NOBODY, Content, ContentLevel, Intent, Record, Stage
from threegate.audit.settings import OnFailure
from threegate.random_pool import random_bytes
from threegate.types import Caller

Row = tuple[Any, ...]
CALLER_FIELDS = tuple(f.name for f in fields(Caller))
BIND_BYTES = 16


@dataclass(slots=True)
class PendingIntent:
    """One intent on its way to the writer. `caller` is canonical JSON, `writer` is empty for the
    current writer."""

    event_id: str  # of the request
    intent: Intent
    caller: str
    policy: str
    key: DataKey | None = None
    writer: str = ""
    on_failure: OnFailure = OnFailure.FAIL_REQUEST

    @property
    def request_id(self) -> str:
        return self.event_id

    def row(self, writer: str) -> Row:
        """The row of `audit_intent`."""
        made = self.intent
        key_id, nonce = made.key, made.nonce or None
        place = (self.event_id, self.writer or writer, made.ts_us)
        return (*place, self.caller, self.policy, made.digest, key_id, nonce)


@dataclass(slots=True)  # not frozen, like a record
class PendingRecord:
    """One record on its way to the writer. `columns` are `audit_record`'s from `request_id` to
    `retention`.

    `hits` are (rule, kind, layer, action, shadow). `closes`: the request no longer has an
    intent."""

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
    closes: bool = False
    work: Callable[[Connection], object] | None = None  # in the same transaction
    on_failure: OnFailure = OnFailure.FAIL_REQUEST

    @property
    def request_id(self) -> str:
        return str(self.columns[0])


Pending = PendingRecord | PendingIntent


def make_intent(
    request_id: str,
    caller: Caller,
    policy: str,
    request: bytes,
    *,
    ts_us: int,
    key: DataKey | None,
    hasher: Hasher,
) -> PendingIntent:
    """Without `key` nothing is hashed."""
    members = {name: clean(v) for name in CALLER_FIELDS if (v := getattr(caller, name))}
    who = orjson.dumps(members).decode()
    if key is None:
        return PendingIntent(request_id, Intent(ts_us), who, policy)
    nonce = random_bytes(SALT_NONCE_BYTES)
    digest = request_digest(request, key, nonce, hasher)
    return PendingIntent(request_id, Intent(ts_us, digest, key.id, nonce), who, policy, key)


def interrupted(row: Row, ts_us: int, hasher: Hasher) -> PendingRecord:
    """The record that replaces an intent whose process is gone. `row` is the intent's row."""
    request_id, writer, since, caller, policy, digest, key_id, salt = row
    intent = Intent(int(since), digest, key_id, bytes(salt or b""), writer)
    record = Record(
        stage=Stage.INTERRUPTED,
        request_id=request_id,
        caller=replace(NOBODY, **orjson.loads(caller)),
        policy=policy,
        intent=intent,
    )
    return make_record(record, ts_us=ts_us, hasher=hasher)


def make_record(
    record: Record,
    content: Content | None = None,
    *,
    ts_us: int,
    hasher: Hasher,
    mono_us: int = 0,
    level: ContentLevel = ContentLevel.NONE,
    key: DataKey | None = None,
    pseudonym: str = "",
) -> PendingRecord:
    """`key` is the tenant's data key of the day, needed if content is kept or hashed; `pseudonym`
    is that of the end user. A record and its intent share one salt."""
    began = record.intent.nonce if record.intent is not None else b""
    fresh = RandomBytes.draw(began)
    kept = content is not None and key is not None and level is not ContentLevel.NONE
    nonce = fresh.salt if kept or pseudonym or began else None
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
        closes=record.stage in ENDS,
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
        ACTION_OF[payload.get("action", UNDECIDED)],
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


def hold_digest(*row: str | int) -> str:
    """What the record of a legal hold says of its row (id, field, value, reason, since). The id is
    random, and the value is a pseudonym or an id that entries show anyway, so nothing can be
    guessed."""
    return SHA256.digest(canonical(list(row))).hex()
