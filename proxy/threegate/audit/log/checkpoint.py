"""Publishing checkpoints: signed, stored in the database and written to a directory that others can
copy.

    <directory>/checkpoints/<writer>/checkpoint          the latest
    <directory>/checkpoints/<writer>/<size, 12 digits>   each one
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from threegate.audit.log.chain import Algorithm, Frontier
from threegate.audit.log.checkpoint_shipper import CheckpointShipper
from threegate.audit.log.note import Checkpoint, Signer, sign
from threegate.durable_files import replace_file

LATEST = "checkpoint"


def writer_origin(origin: str, algorithm: Algorithm, writer: str) -> str:
    """The log's name. C2SP prescribes SHA-256, so another hash is shown in the name."""
    middle = "" if algorithm is Algorithm.SHA256 else f"/{algorithm}"
    return f"{origin}{middle}/{writer}"


@dataclass(frozen=True, slots=True)
class Publisher:
    """One writer's checkpoints. Cosigning witnesses sign under their own names."""

    origin: str
    signer: Signer
    witnesses: Sequence[Signer]
    directory: Path
    shipper: CheckpointShipper | None = None

    def of(self, writer: str) -> Publisher:
        """The same for another writer of this process."""
        origin = f"{self.origin.rpartition('/')[0]}/{writer}"
        return replace(self, origin=origin, directory=self.directory.with_name(writer))

    def sign(self, frontier: Frontier, seconds: int) -> str:
        text = Checkpoint(self.origin, frontier.size, frontier.root()).text()
        note = sign(text, [self.signer.named(self.origin)])
        return note + "".join(w.line(text, seconds) for w in self.witnesses)

    def publish(self, size: int, note: str) -> None:
        """Raises `OSError`."""
        for name in (f"{size:012d}", LATEST):
            replace_file(self.directory / name, note.encode())
        if self.shipper is not None:
            self.shipper.send(self.directory / f"{size:012d}")

    @property
    def undelivered(self) -> int:
        return self.shipper.failures if self.shipper is not None else 0

    def close(self) -> None:
        """Waits until everything published has been delivered or attempted."""
        if self.shipper is not None:
            self.shipper.close()
