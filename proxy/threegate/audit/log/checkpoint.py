"""Publishing checkpoints: signed, stored in the database, written to a directory that others can
copy, and copied elsewhere with the operator's own command.

    <directory>/checkpoints/<writer>/checkpoint          the latest
    <directory>/checkpoints/<writer>/<size, 12 digits>   each one
"""

from __future__ import annotations

import logging
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from threegate.audit.errors import loggable
from threegate.audit.log.chain import Algorithm, Frontier
from threegate.audit.log.note import Checkpoint, Signer, sign
from threegate.durable_files import replace_file

log = logging.getLogger(__name__)

LATEST = "checkpoint"
SECONDS = 60  # for one delivery
MOST_WAITING = 1_000  # failed deliveries to keep; beyond it the oldest are dropped


def writer_origin(origin: str, algorithm: Algorithm, writer: str) -> str:
    """The log's name. C2SP prescribes SHA-256, so another hash is shown in the name."""
    middle = "" if algorithm is Algorithm.SHA256 else f"/{algorithm}"
    return f"{origin}{middle}/{writer}"


@dataclass(frozen=True, slots=True)
class Publisher:
    """One writer's checkpoints."""

    origin: str
    signer: Signer
    directory: Path
    shipper: CheckpointShipper | None = None

    def of(self, writer: str) -> Publisher:
        """The same for another writer of this process."""
        origin = f"{self.origin.rpartition('/')[0]}/{writer}"
        return replace(self, origin=origin, directory=self.directory.with_name(writer))

    def sign(self, frontier: Frontier) -> str:
        text = Checkpoint(self.origin, frontier.size, frontier.root()).text()
        return sign(text, [self.signer.named(self.origin)])

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


class CheckpointShipper:
    """Copies published checkpoints elsewhere: `aws s3 cp {path} s3://bucket/{name}`, `rclone copyto
    {path} remote:log/{name}`, `curl -fsT {path} https://store/log/{name}`. `{path}` is the file,
    `{name}` is `<writer>/<size>`. No shell. Failed deliveries are retried with the next checkpoint,
    in order; requests never wait for them.

    `failures` counts attempts. One thread, started by the first delivery."""

    def __init__(self, command: str) -> None:
        self.failures = 0
        self._words = shlex.split(command)
        self._waiting: list[Path] = []
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="audit-shipper")

    def send(self, path: Path) -> None:
        self._pool.submit(self._deliver, path)

    def close(self) -> None:
        """Waits until everything sent so far has been attempted."""
        self._pool.shutdown()

    def _deliver(self, path: Path) -> None:
        self._waiting = [*self._waiting, path][-MOST_WAITING:]
        while self._waiting and self._run(self._waiting[0]):
            self._waiting.pop(0)

    def _run(self, path: Path) -> bool:
        name = f"{path.parent.name}/{path.name}"
        words = [w.replace("{path}", str(path)).replace("{name}", name) for w in self._words]
        try:
            subprocess.run(words, capture_output=True, timeout=SECONDS, check=True)  # noqa: S603
        except (OSError, subprocess.SubprocessError) as error:
            log.warning("audit: checkpoint %s was not delivered: %s", name, loggable(error))
            self.failures += 1
            return False
        return True
