"""An independent reader of the log: rebuilds every chain and tree and reports exactly what holds.

For each writer: each entry hashes to its leaf, names its predecessor, agrees with the columns of
its row; the rebuilt tree has the root of every signed checkpoint; texts are the ones that were
logged, or are missing with a tombstone.

*Integrated* entries are covered by a checkpoint that a trusted key signed. *Covered* ones are named
by the signed first entry of a later writer (a crash leaves such a tail). *Pending* ones are
neither: they agree with each other, but anyone with write access to the database could have
rewritten them. Whoever holds the signing key can rewrite everything that no older checkpoint kept
elsewhere (`published`) contradicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from threegate.audit.log.database import now_us
from threegate.audit.log.keys import MasterKey
from threegate.audit.log.log_keys import master_at_hand
from threegate.audit.log.note import Checkpoint, NoteError, Verifier, verify
from threegate.audit.log.rows import hold_digest
from threegate.audit.settings import AuditSettings
from threegate.audit.verify.chain_verifier import ChainVerifier
from threegate.audit.verify.data_keys import DataKeys
from threegate.audit.verify.findings import (
    MALFORMED,
    Erasures,
    Tombstone,
    VerifyReport,
    event_of,
)
from threegate.audit.verify.gaps import Acknowledgement, settle
from threegate.audit.verify.sources import Database, connect

UNSIGNED_US = 600 * 1_000_000
"""How old what no checkpoint covers may be: checkpoints come every minute."""


@dataclass(frozen=True, slots=True)
class Peer:
    """What the first entry of `by` states about another writer."""

    by: str
    writer: str
    size: int
    leaf: bytes


def verify_all(
    settings: AuditSettings, keys: Sequence[Verifier] = (), checkpoints: Sequence[Path] = ()
) -> VerifyReport:
    """Verifies the database with `keys` (else the keys next to it: data keys are tried too, with
    the master key) and every published checkpoint."""
    published = [p.read_text() for p in [*checkpoints, *published_files(settings)]]
    database = connect(settings.url)
    try:
        if keys:
            return verify_database(database, keys, published)
        return verify_database(database, own_keys(settings), published, master_at_hand(settings))
    finally:
        database.close()


def own_keys(settings: AuditSettings) -> list[Verifier]:
    """The keys next to the log: convenient, but weaker evidence than those kept elsewhere."""
    path = settings.directory / "log.vkey"
    return keys_of(path) if path.is_file() else []


def keys_of(file: Path) -> list[Verifier]:
    return [Verifier.parse(line) for line in file.read_text().splitlines()]


def published_files(settings: AuditSettings) -> list[Path]:
    return sorted((settings.directory / "checkpoints").glob("*/[0-9]*"))


def verify_database(
    database: Database,
    keys: Sequence[Verifier],
    published: Iterable[str] = (),
    master: MasterKey | None = None,
) -> VerifyReport:
    """Verifies everything. `keys` are trusted (their names are origins); `published` are notes kept
    outside the database. With `master` every data key of a text must open."""
    report = VerifyReport(keys_tried=master is not None)
    data_keys = DataKeys(database, master)
    erasures = Erasures.read(database.tombstones(), report)
    notes = _notes(database, published, keys, report)
    writers = dict.fromkeys([*database.writers(), *notes])
    peers = _peers(database, writers, report)
    acknowledgements: list[Acknowledgement] = []
    tombstones: list[Tombstone] = []
    holds = Holds(database, {row[0]: row for row in database.holds()})
    for why in database.damage():
        report.add("", -1, "damaged", why=why)
    calls = Calls(set(database.intents()))  # first: calls that end meanwhile then have a record
    for writer in writers:
        wanted = {p.size - 1 for p in peers if p.writer == writer}
        roots = notes.get(writer, {})
        chain = ChainVerifier(database, writer, report, erasures, data_keys, roots, wanted)
        report.chains.append(chain.run())
        calls.add(chain)
        holds.add(chain)
        acknowledgements += chain.acknowledgements
        tombstones += chain.tombstones
    _check_peers(report, peers)
    _check_tombstones(report, tombstones)
    if keys:
        _check_signed(report)
    holds.check(report)
    calls.count(report)
    if not keys:
        report.add("", -1, "no_key")
    settle(report, acknowledgements)
    return report


@dataclass(slots=True)
class Calls:
    """What became of the calls, over all chains. `begun`: those with an intent."""

    begun: set[str]
    received: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    interrupted: set[str] = field(default_factory=set)

    def add(self, chain: ChainVerifier) -> None:
        self.received |= chain.received
        self.ended |= chain.ended
        self.interrupted |= chain.interrupted

    def count(self, report: VerifyReport) -> None:
        report.in_flight = len(self.begun - self.ended - self.interrupted)
        report.unanswered = len((self.received | self.interrupted) - self.ended)


@dataclass(slots=True)
class Holds:
    """The legal holds that chains record, against the rows that are in force. Rows are read before
    and after the chains, so that a hold made or released meanwhile is not a finding."""

    database: Database
    before: dict[str, tuple[str | int, ...]]
    recorded: dict[str, str] = field(default_factory=dict)  # id → digest of the row
    released: set[str] = field(default_factory=set)

    def add(self, chain: ChainVerifier) -> None:
        self.recorded |= chain.holds
        self.released |= chain.released

    def check(self, report: VerifyReport) -> None:
        """Hold records from before digests existed may have been pruned and do not say what was
        held."""
        after = {row[0]: row for row in self.database.holds()}
        pruned = any(chain.pruned for chain in report.chains)
        for id, row in self.before.items():
            digest = self.recorded.get(id)
            if (digest is None and not pruned) or (id in self.released and id in after):
                report.add("", -1, "hold/unrecorded", id=id)
            elif digest and hold_digest(*row) != digest:
                report.add("", -1, "hold/changed", id=id)
        for id in self.recorded.keys() - self.released - self.before.keys() - after.keys():
            report.add("", -1, "hold/missing", id=id)


def _notes(
    database: Database, published: Iterable[str], keys: Sequence[Verifier], report: VerifyReport
) -> dict[str, dict[int, set[bytes]]]:
    """Writer → size → roots that a trusted key signed."""
    found: dict[str, dict[int, set[bytes]]] = {}
    stored = database.checkpoints()
    for writer, size, note in stored:
        checkpoint = _trusted(note, keys, report, writer)
        if checkpoint is None:
            continue
        if (_writer(checkpoint), checkpoint.size) != (writer, size):
            report.add(writer, -1, "checkpoint_moved", size=size)
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


def _trusted(
    note: str, keys: Sequence[Verifier], report: VerifyReport, where: str
) -> Checkpoint | None:
    """The checkpoint of a note that one of `keys` signed under this log's name."""
    if not keys:
        return None
    try:
        return signed_checkpoint(note, keys)
    except NoteError as error:
        report.add(where, -1, "checkpoint_unsigned", zh=error.text.zh, en=error.text.en)
        return None


def signed_checkpoint(note: str, keys: Sequence[Verifier]) -> Checkpoint:
    """The checkpoint of a note that one of `keys` signed for a writer of its log. Raises
    NoteError."""
    checkpoint = Checkpoint.parse(note)
    verify(note, [k.named(checkpoint.origin) for k in keys if belongs(checkpoint.origin, k.name)])
    return checkpoint


def belongs(origin: str, name: str) -> bool:
    """Whether `origin` is a writer of the log `name`: `name[/sm3]/<writer>`."""
    rest = origin.removeprefix(f"{name}/")
    return rest != origin and rest.removeprefix("sm3/").count("/") == 0


def _peers(database: Database, writers: Iterable[str], report: VerifyReport) -> list[Peer]:
    """What first entries state about other chains; the walk checks whether they are genuine."""
    peers: list[Peer] = []
    for writer in writers:
        try:
            named = event_of(database.opening(writer) or "").get("detail", {}).get("peers", ())
            peers += [
                Peer(writer, p["writer"], int(p["size"]), bytes.fromhex(p["leaf"])) for p in named
            ]
        except MALFORMED:
            report.add(writer, 0, "malformed/peers")
    return peers


def _check_tombstones(report: VerifyReport, tombstones: Sequence[Tombstone]) -> None:
    """What explains that texts are gone has to be proven: whoever can write to the database can
    append to the end of a chain."""
    signed = {chain.writer: max(chain.integrated, chain.covered) for chain in report.chains}
    for stone in tombstones:
        late = abs(now_us() - stone.at) > UNSIGNED_US
        if late and stone.seq >= signed.get(stone.writer, 0):
            report.add(stone.writer, stone.seq, "tombstone_unsigned")


def _check_signed(report: VerifyReport) -> None:
    """A writer that lived on, or closed, has signed what it wrote before: without checkpoints,
    somebody removed them. After a crash only the end is unsigned."""
    for chain in report.chains:
        until = now_us() if chain.closed else chain.last_us
        if chain.pending and until - chain.unsigned_us > UNSIGNED_US:
            report.add(chain.writer, chain.size - chain.pending, "unsigned")


def _check_peers(report: VerifyReport, peers: Sequence[Peer]) -> None:
    chains = {chain.writer: chain for chain in report.chains}
    for peer in peers:
        chain, by = chains.get(peer.writer), chains[peer.by]
        if chain is None:
            lost = (0, peer.size - 1)
            report.add(peer.writer, -1, "writer_missing", lost, by=peer.by)
        elif chain.size < peer.size:
            lost, seen = (chain.size, peer.size - 1), peer.size
            found = chain.size
            report.add(peer.writer, -1, "truncated/peer", lost, by=peer.by, seen=seen, found=found)
        elif chain.leaves.get(peer.size - 1) != peer.leaf:
            report.add(peer.writer, peer.size - 1, "peer_differs", by=peer.by)
        elif by.integrated:
            chain.covered = max(chain.covered, peer.size)
