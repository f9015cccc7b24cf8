"""An independent reader of the log: rebuilds every chain and tree and says exactly what holds.

For each writer: each entry hashes to its leaf, names its predecessor, agrees with the columns
beside it; the rebuilt tree has the root of every signed checkpoint; texts are the ones that were
logged, or are missing with a tombstone.

*Integrated* entries are covered by a checkpoint that a trusted key signed. *Covered* ones are named
by the signed first entry of a later writer (a crash leaves such a tail). *Pending* ones are
neither: they agree with each other, but whoever can write the database could have rewritten them.
Whoever holds the signing key can rewrite everything that no older checkpoint kept elsewhere
(`old_checkpoints`) contradicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import orjson

from threegate.audit.chain import ZERO, Algorithm, Frontier, Hasher
from threegate.audit.note import Checkpoint, NoteError, Verifier, verify
from threegate.audit.record import canonical, microseconds
from threegate.audit.rows import bind, columns, hits
from threegate.audit.sources import Database, Stored

MAX_PROBLEMS = 1_000
# What reading a changed log may raise: each is a finding, none may end the verification.
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)


@dataclass(frozen=True, slots=True)
class Problem:
    """`code` is stable; `seq` is -1 where the problem is not at one entry."""

    writer: str
    seq: int
    code: str
    message: str

    def __str__(self) -> str:
        place = f"{self.writer}/{self.seq}" if self.seq >= 0 else self.writer
        return f"{place}: {self.code}: {self.message}"


@dataclass(slots=True)
class Chain:
    """What was found of one writer. `size` = `integrated` + covered + pending, by position."""

    writer: str
    size: int = 0
    integrated: int = 0
    covered: int = 0
    pruned: int = 0
    erased: int = 0
    checkpoints: int = 0
    leaves: dict[int, bytes] = field(default_factory=dict, repr=False)  # those that peers name

    @property
    def pending(self) -> int:
        return self.size - max(self.integrated, self.covered)


@dataclass(slots=True)
class Report:
    chains: list[Chain] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unanswered: int = 0  # requests received whose end was never recorded (a crash)

    @property
    def ok(self) -> bool:
        return not self.problems

    def add(self, writer: str, seq: int, code: str, message: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(writer, seq, code, message))


@dataclass(frozen=True, slots=True)
class Peer:
    """What the first entry of `by` says about another writer."""

    by: str
    writer: str
    size: int
    leaf: bytes


@dataclass(slots=True)
class Erasures:
    """What tombstones account for: ranges of entries whose text or body is gone, and destroyed
    keys.
    """

    texts: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    bodies: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, entries: Iterable[str], report: Report) -> Erasures:
        found = cls()
        for entry in entries:
            try:
                found.add(_event(entry)["detail"])
            except MALFORMED:
                report.add("", -1, "malformed", "a tombstone cannot be read")
        return found

    def add(self, detail: dict[str, Any]) -> None:
        where = self.bodies if detail["verb"] == "prune" else self.texts
        for writer, first, last in detail.get("places", ()):
            where.setdefault(writer, []).append((int(first), int(last)))
        self.keys.update(detail.get("keys", ()))

    def text(self, writer: str, seq: int, key_id: str) -> bool:
        return key_id in self.keys or _within(self.texts.get(writer, ()), seq)

    def body(self, writer: str, seq: int) -> bool:
        return _within(self.bodies.get(writer, ()), seq)


def _within(ranges: Sequence[tuple[int, int]], seq: int) -> bool:
    return any(first <= seq <= last for first, last in ranges)


def _event(entry: str) -> dict[str, Any]:
    try:
        parsed = orjson.loads(entry)
        event = parsed["event"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    return event if isinstance(event, dict) else {}


class Aligned:
    """Rows sorted by their first member, taken place by place; what is skipped is stray."""

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


def verify_database(
    database: Database,
    keys: Sequence[Verifier],
    published: Iterable[str] = (),
) -> Report:
    """Everything. `keys` are trusted (their names are origins); `published` are notes kept
    outside the database.
    """
    report = Report()
    erasures = Erasures.read(database.tombstones(), report)
    notes = _notes(database, published, keys, report)
    writers = dict.fromkeys([*database.writers(), *notes])
    peers = _peers(database, writers, report)
    received, ended = set[str](), set[str]()
    for writer in writers:
        wanted = {p.size - 1 for p in peers if p.writer == writer}
        walk = Walk(database, writer, report, erasures, notes.get(writer, {}), wanted)
        report.chains.append(walk.run())
        received |= walk.received
        ended |= walk.ended
    _check_peers(report, peers)
    report.unanswered = len(received - ended)
    if not keys:
        report.add("", -1, "no_key", "no trusted key was given, so no checkpoint could be checked")
    return report


def _notes(
    database: Database, published: Iterable[str], keys: Sequence[Verifier], report: Report
) -> dict[str, dict[int, set[bytes]]]:
    """Writer → size → roots that a trusted key signed."""
    found: dict[str, dict[int, set[bytes]]] = {}
    stored = database.checkpoints()
    for writer, size, note in stored:
        checkpoint = _trusted(note, keys, report, writer)
        if checkpoint is None:
            continue
        if (_writer(checkpoint), checkpoint.size) != (writer, size):
            report.add(
                writer, -1, "checkpoint_moved", f"the checkpoint stored at {size} is another"
            )
        _add(found, checkpoint)
    for note in {*published} - {note for _, _, note in stored}:
        checkpoint = _trusted(note, keys, report, "published checkpoint")
        if checkpoint is not None:
            _add(found, checkpoint)
    return found


def _add(found: dict[str, dict[int, set[bytes]]], checkpoint: Checkpoint) -> None:
    roots = found.setdefault(_writer(checkpoint), {}).setdefault(checkpoint.size, set())
    roots.add(checkpoint.root)


def _writer(checkpoint: Checkpoint) -> str:
    return checkpoint.origin.rpartition("/")[2]


def _trusted(note: str, keys: Sequence[Verifier], report: Report, where: str) -> Checkpoint | None:
    """The checkpoint of a note that one of `keys` signed under this log's name."""
    if not keys:
        return None
    try:
        checkpoint = Checkpoint.parse(note)
        named = [k.named(checkpoint.origin) for k in keys if belongs(checkpoint.origin, k.name)]
        verify(note, named)
    except NoteError as error:
        report.add(where, -1, "checkpoint_unsigned", str(error))
        return None
    return checkpoint


def belongs(origin: str, name: str) -> bool:
    """Whether `origin` is a writer of the log `name`: `name[/sm3]/<writer>`."""
    rest = origin.removeprefix(f"{name}/")
    return rest != origin and rest.removeprefix("sm3/").count("/") == 0


def _peers(database: Database, writers: Iterable[str], report: Report) -> list[Peer]:
    """What first entries say about other chains; whether they are genuine is the walk's
    business.
    """
    peers: list[Peer] = []
    for writer in writers:
        try:
            named = _event(database.opening(writer) or "").get("detail", {}).get("peers", ())
            peers += [
                Peer(writer, p["writer"], int(p["size"]), bytes.fromhex(p["leaf"])) for p in named
            ]
        except MALFORMED:
            report.add(writer, 0, "malformed", "what it says of other writers cannot be read")
    return peers


def _check_peers(report: Report, peers: Sequence[Peer]) -> None:
    chains = {chain.writer: chain for chain in report.chains}
    for peer in peers:
        chain, by = chains.get(peer.writer), chains[peer.by]
        if chain is None:
            report.add(peer.writer, -1, "writer_missing", f"named by {peer.by}, not in the log")
        elif chain.leaves.get(peer.size - 1) != peer.leaf:
            report.add(peer.writer, peer.size - 1, "peer_differs", f"{peer.by} saw another entry")
        elif by.integrated:
            chain.covered = max(chain.covered, peer.size)


class Walk:
    """One writer's chain from its first entry to its last."""

    def __init__(
        self,
        database: Database,
        writer: str,
        report: Report,
        erasures: Erasures,
        roots: dict[int, set[bytes]],
        wanted: set[int],
    ) -> None:
        self.database, self.report, self.erasures = database, report, erasures
        self.roots, self.wanted, self.chain = roots, wanted, Chain(writer)
        self.received: set[str] = set()
        self.ended: set[str] = set()
        self._hits = Aligned(database.hits(writer))
        self._contents = Aligned(database.contents(writer))
        self._hasher, self._prev = Hasher(), ZERO
        self._frontier = Frontier(self._hasher)

    def run(self) -> Chain:
        try:
            self._follow()
        except MALFORMED:
            self._problem(self.chain.size, "malformed", "rows of this chain are not of a log")
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

    def _problem(self, seq: int, code: str, message: str) -> None:
        self.report.add(self.chain.writer, seq, code, message)

    def _gap(self, found: int) -> None:
        expected = self.chain.size
        code, what = ("missing", "is missing") if found > expected else ("twice", "is there twice")
        self._problem(min(found, expected), code, f"entry {min(found, expected)} {what}")

    def _place(self, stored: Stored) -> None:
        if stored.entry is None:
            self._stub(stored)
        else:
            self._entry(stored, stored.entry)
        self._prev = stored.leaf
        self._frontier.append(stored.leaf)
        if stored.seq in self.wanted:
            self.chain.leaves[stored.seq] = stored.leaf
        self.chain.size += 1
        self._checkpoint(self.chain.size)

    def _checkpoint(self, size: int) -> None:
        for root in self.roots.get(size, ()):
            self.chain.checkpoints += 1
            if root == self._frontier.root():
                self.chain.integrated = size
            else:
                self._problem(-1, "root_differs", f"the signed root of the first {size} is another")

    def _stub(self, stored: Stored) -> None:
        self.chain.pruned += 1
        if not self.erasures.body(stored.writer, stored.seq):
            self._problem(stored.seq, "pruned_silently", "body gone without a tombstone")
        if self._hits.take(stored.seq) or self._contents.take(stored.seq):
            self._problem(stored.seq, "stray", "rows of a pruned entry are left")

    def _entry(self, stored: Stored, entry: str) -> None:
        if stored.seq == 0:
            self._choose_hash(entry)
        if self._hasher.leaf(entry.encode(errors="surrogatepass")) != stored.leaf:
            self._problem(stored.seq, "changed", "the entry does not hash to its leaf")
        try:
            parsed = orjson.loads(entry)
            if canonical(parsed).decode() != entry:
                self._problem(stored.seq, "not_canonical", "the entry is not canonical JSON")
            self._members(stored, parsed)
        except MALFORMED:  # a JSONDecodeError is a ValueError
            self._problem(stored.seq, "malformed", "the entry is not one of this log")

    def _choose_hash(self, entry: str) -> None:
        try:
            self._hasher = Hasher(Algorithm(_event(entry)["detail"]["algorithm"]))
        except MALFORMED:
            self._problem(0, "algorithm", "the first entry names no hash that is known here")
        self._frontier = Frontier(self._hasher)

    def _members(self, stored: Stored, parsed: dict[str, Any]) -> None:
        event, seq = parsed["event"], stored.seq
        if (parsed["writer"], parsed["seq"]) != (stored.writer, seq):
            self._problem(seq, "moved", "the entry names another place")
        if parsed["prev"] != self._prev.hex():
            self._problem(seq, "unlinked", "the entry does not follow the one before it")
        if microseconds(parsed["ts"]) != stored.ts_us or columns(event) != stored.columns:
            self._problem(seq, "columns", "searchable columns differ from the entry")
        self._check_hits(stored, event)
        self._check_beside(stored, event)
        self._account(event)

    def _check_hits(self, stored: Stored, event: dict[str, Any]) -> None:
        found = self._hits.take(stored.seq)
        expected = [(n, stored.ts_us, *hit) for n, hit in enumerate(hits(event))]
        if [tuple(row[1:]) for row in found] != expected:
            self._problem(stored.seq, "hits", "rule hits differ from the entry")

    def _check_beside(self, stored: Stored, event: dict[str, Any]) -> None:
        """What may be erased: the salt with the subject, and the text."""
        kept = [c for c in event.get("content", ()) if "blob" in c]
        key_id = kept[0]["key"] if kept else ""
        gone = self.erasures.text(stored.writer, stored.seq, key_id)
        self._check_salt(stored, event.get("bind", ""), gone=gone)
        rows = self._contents.take(stored.seq)
        if not rows:
            self.chain.erased += bool(kept)
            if kept and not gone:
                self._problem(stored.seq, "text_missing", "text gone without a tombstone")
        elif not kept or (rows[0][1], self._hasher.digest(bytes(rows[0][2])).hex()) != (
            key_id,
            kept[0]["blob"],
        ):
            self._problem(stored.seq, "text_changed", "the text is not the one that was logged")

    def _check_salt(self, stored: Stored, commitment: str, *, gone: bool) -> None:
        if stored.salt is None:
            if commitment and not gone:
                self._problem(stored.seq, "salt_missing", "salt gone without a tombstone")
            if stored.subject is not None:
                self._problem(stored.seq, "subject", "a subject without a salt")
        elif bind(stored.salt, stored.subject or "", self._hasher) != commitment:
            self._problem(stored.seq, "subject", "salt or subject differ from the entry")

    def _account(self, event: dict[str, Any]) -> None:
        match event["stage"]:
            case "received":
                self.received.add(event["request"])
            case "completed" | "blocked" | "aborted":
                self.ended.add(event["request"])

    def _ends(self) -> None:
        for seq in sorted({*self._hits.stray, *self._contents.stray}):
            self._problem(seq, "stray", "rows without an entry")
        beyond = [size for size in self.roots if size > self.chain.size]
        if beyond:
            size = max(beyond)
            self._problem(
                -1, "truncated", f"a checkpoint signs {size}, there are {self.chain.size}"
            )
        if not self.chain.size:
            self._problem(-1, "empty", "the writer is known, its entries are gone")
