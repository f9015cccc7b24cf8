"""Copies published checkpoints elsewhere with the operator's own command.

`aws s3 cp {path} s3://bucket/{name}`, `rclone copyto {path} remote:log/{name}`, `curl -fsT {path}
https://store/log/{name}`: `{path}` is the file, `{name}` is `<writer>/<size>`. No shell. Failed
deliveries are retried with the next checkpoint, in order; requests never wait for them.
"""

from __future__ import annotations

import logging
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from threegate.audit.errors import loggable

log = logging.getLogger(__name__)
SECONDS = 60  # for one delivery
MOST_WAITING = 1_000  # failed deliveries to keep; beyond it the oldest are dropped


class CheckpointShipper:
    """`failures` counts attempts. One thread, started by the first delivery."""

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
