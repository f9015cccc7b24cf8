"""One writer's chain, from its first entry to its last: every entry, its rows in other tables,
every checkpoint on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import orjson

from threegate.audit.log.chain import ZERO, Algorithm, Frontier, Hasher
from threegate.audit.log.encoding import canonical, microseconds
from threegate.audit.log.hit_sets import hit_rows, hits_id
from threegate.audit.log.rows import bind, columns, hits
from threegate.audit.verify.data_keys import DataKeys
from threegate.audit.verify.findings import (
    MALFORMED,
    Chain,
    Erasures,
    Tombstone,
    VerifyReport,
    event_of,
)
from threegate.audit.verify.gaps import VERB, Acknowledgement
from threegate.audit.verify.sources import Database, Stored


class Aligned:
    """Rows sorted by their first member, taken place by place; skipped rows are reported as
    stray."""

    def __init__(self, rows: Iterator[Sequence[Any]]) -> None:
        self._groups = groupby(rows, key=lambda row: row[0])
        self._next: tuple[int, list[Sequence[Any]]] | None = None
        self.stray: list[int] = []

    def take(self, seq: int | None) -> list[Sequence[Any]]:
        """The rows at `seq`; None drains what is left."""
        while True:
            if self._next is None:
                group = next(self._groups, None)
                if group is None:
                    return []
                self._next = (group[0], list(group[1]))
            at, rows = self._next
            if seq is not None and at > seq:
                return []
            self._next = None
            if at == seq:
                return rows
            self.stray.append(at)


class ChainVerifier:
    """One writer's chain from its first entry to its last."""

    def __init__(
        self,
        database: Database,
        writer: str,
        report: VerifyReport,
        erasures: Erasures,
        data_keys: DataKeys,
        roots: dict[int, set[bytes]],
        wanted: set[int],
    ) -> None:
        self.database, self.report, self.erasures = database, report, erasures
        self.data_keys = data_keys
        self.roots, self.wanted, self.chain = roots, wanted, Chain(writer)
        self.received: set[str] = set()
        self.ended: set[str] = set()
        self.interrupted: set[str] = set()
        self.holds: dict[str, str] = {}  # id → digest of its row, empty in older versions
        self.released: set[str] = set()
        self.acknowledgements: list[Acknowledgement] = []
        self.tombstones: list[Tombstone] = []
        self._hits = Aligned(database.hits(writer))
        self._contents = Aligned(database.contents(writer))
        self._hasher, self._prev = Hasher(), ZERO
        self._frontier = Frontier(self._hasher)

    def run(self) -> Chain:
        try:
            self._follow()
        except MALFORMED:
            self._problem(self.chain.size, "malformed/chain")
        self._ends()
        return self.chain

    def _follow(self) -> None:
        for stored in self.database.rows(self.chain.writer):
            if stored.seq != self.chain.size:
                self._gap(stored.seq)
                break
            self._place(stored)
        for rest in (self._hits, self._contents):
            rest.take(None)

    def _problem(self, seq: int, kind: str, /, **details: object) -> None:
        self.report.add(self.chain.writer, seq, kind, None, **details)

    def _gap(self, found: int) -> None:
        expected = self.chain.size
        kind, seq = "missing" if found > expected else "twice/entry", min(found, expected)
        self._problem(seq, kind, seq=seq)

    def _place(self, stored: Stored) -> None:
        if self.chain.closed:  # said once
            self.chain.closed = False
            self._problem(stored.seq, "after_close")
        if stored.entry is None:
            self._stub(stored)
        else:
            self._entry(stored, stored.entry)
        self._prev = stored.leaf
        self._frontier.append(stored.leaf)
        self.chain.last_us = stored.ts_us
        self.chain.unsigned_us = self.chain.unsigned_us or stored.ts_us
        if stored.seq in self.wanted:
            self.chain.leaves[stored.seq] = stored.leaf
        self.chain.size += 1
        self._checkpoint(self.chain.size)

    def _checkpoint(self, size: int) -> None:
        for root in self.roots.get(size, ()):
            self.chain.checkpoints += 1
            if root == self._frontier.root():
                self.chain.integrated, self.chain.unsigned_us = size, 0
            else:
                self._problem(-1, "root_differs", size=size)

    def _stub(self, stored: Stored) -> None:
        self.chain.pruned += 1
        if not self.erasures.body(stored.writer, stored.seq):
            self._problem(stored.seq, "pruned_silently")
        if self._hits.take(stored.seq) or self._contents.take(stored.seq):
            self._problem(stored.seq, "stray/pruned")

    def _entry(self, stored: Stored, entry: str) -> None:
        if stored.seq == 0:
            self._choose_hash(entry)
        if self._hasher.leaf(entry.encode(errors="surrogatepass")) != stored.leaf:
            self._problem(stored.seq, "changed")
        try:
            parsed = orjson.loads(entry)
            if canonical(parsed).decode() != entry:
                self._problem(stored.seq, "not_canonical")
            self._members(stored, parsed)
        except MALFORMED:  # a JSONDecodeError is a ValueError
            self._problem(stored.seq, "malformed/entry")

    def _choose_hash(self, entry: str) -> None:
        try:
            self._hasher = Hasher(Algorithm(event_of(entry)["detail"]["algorithm"]))
        except MALFORMED:
            self._problem(0, "algorithm")
        self._frontier = Frontier(self._hasher)

    def _members(self, stored: Stored, parsed: dict[str, Any]) -> None:
        event, seq = parsed["event"], stored.seq
        if (parsed["writer"], parsed["seq"]) != (stored.writer, seq):
            self._problem(seq, "moved")
        if parsed["prev"] != self._prev.hex():
            self._problem(seq, "unlinked")
        if microseconds(parsed["ts"]) != stored.ts_us or columns(event) != stored.columns:
            self._problem(seq, "columns")
        self._check_hits(stored, event)
        self._check_erasable(stored, event)
        self._account(event, parsed)

    def _check_hits(self, stored: Stored, event: dict[str, Any]) -> None:
        """Their set; in a log of before there were sets, the rows of the record."""
        judged, id = hits(event), stored.hits
        if id is None:
            found = [tuple(row[1:]) for row in self._hits.take(stored.seq)]
            expected = [(n, stored.ts_us, *hit) for n, hit in enumerate(judged)]
        else:
            found = [tuple(row) for row in self.database.hit_set(id)] if id else []
            expected = [(n, *hit) for n, hit in enumerate(hit_rows(judged))]
        if found != expected or id not in (None, hits_id(judged)):
            self._problem(stored.seq, "hits")

    def _check_erasable(self, stored: Stored, event: dict[str, Any]) -> None:
        """Checks what may have been erased: the salt with the subject, and the text."""
        kept = [c for c in event.get("content", ()) if "blob" in c]
        key_id = kept[0]["key"] if kept else ""
        gone = self.erasures.text(stored.writer, stored.seq, key_id)
        self._check_salt(stored, event.get("bind", ""), gone=gone)
        rows = self._contents.take(stored.seq)
        if not rows:
            self.chain.erased += bool(kept)
            if kept and not gone:
                self._problem(stored.seq, "text_missing")
        elif not kept or (rows[0][1], self._hasher.digest(bytes(rows[0][2])).hex()) != (
            key_id,
            kept[0]["blob"],
        ):
            self._problem(stored.seq, "text_changed")
        elif kept and not gone and (wrong := self.data_keys.wrong(key_id)):
            self._problem(stored.seq, wrong, key=key_id)

    def _check_salt(self, stored: Stored, commitment: str, *, gone: bool) -> None:
        if stored.salt is None:
            if commitment and not gone:
                self._problem(stored.seq, "salt_missing")
            if stored.subject is not None:
                self._problem(stored.seq, "subject/salt")
        elif bind(stored.salt, stored.subject or "", self._hasher) != commitment:
            self._problem(stored.seq, "subject")

    def _account(self, event: dict[str, Any], entry: dict[str, Any]) -> None:
        match event["stage"]:
            case "received":
                self.received.add(event["request"])
            case "access" if event.get("detail", {}).get("verb") == VERB:
                self.acknowledgements.append(Acknowledgement.of(entry))
            case "access":
                self._account_hold(event.get("detail", {}))
            case "erased":
                at = microseconds(entry["ts"])
                self.tombstones.append(Tombstone(self.chain.writer, self.chain.size, at))
            case "writer":
                self.chain.closed = event.get("detail", {}).get("verb") == "closed"
            case "interrupted":
                self.interrupted.add(event["request"])
            case "completed" | "blocked" | "aborted":
                self.ended.add(event["request"])

    def _account_hold(self, detail: dict[str, Any]) -> None:
        match detail.get("verb"):
            case "hold":
                self.holds[str(detail["hold"])] = str(detail.get("row", ""))
            case "release":
                self.released.add(str(detail["hold"]))

    def _ends(self) -> None:
        for seq in sorted({*self._hits.stray, *self._contents.stray}):
            self._problem(seq, "stray/rows")
        beyond = [size for size in self.roots if size > self.chain.size]
        if beyond:
            size = max(beyond)
            lost = (self.chain.size, size - 1)
            self.report.add(self.chain.writer, -1, "truncated", lost, signed=size, found=lost[0])
        if not self.chain.size:
            self.report.add(self.chain.writer, -1, "empty", (0, 0))
