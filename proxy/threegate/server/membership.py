"""The worker's side of a supervised start: the inherited socket and the status pipe.

The supervisor starts a worker with `--worker SOCKET:PIPE[:replacement]`, file descriptors that it
inherits. Over the pipe the worker sends one line of JSON when it is ready, then one byte a second.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

REPLACEMENT = "replacement"
HEARTBEAT = b"."
HEARTBEAT_S = 1.0


@dataclass(slots=True)
class Membership:
    """`replacement`: this worker replaces one that died, so it may serve the last good policy
    as its siblings do."""

    listener: socket.socket
    status: int
    replacement: bool = False

    @classmethod
    def of(cls, argument: str) -> Membership:
        """From the value of `--worker`.

        O_NONBLOCK belongs to the open socket, not to the descriptor, so it is shared by all
        workers: a worker that cleared it even briefly would block another in `accept` once a third
        had taken the connection."""
        descriptor, status, *rest = argument.split(":")
        listener = socket.socket(fileno=int(descriptor))
        listener.setblocking(False)
        return cls(listener, int(status), REPLACEMENT in rest)

    def ready(self, report: Mapping[str, str] | None = None) -> None:
        """Tells the supervisor that calls are being served and what to print, and starts the
        heartbeat."""
        os.set_blocking(self.status, False)
        os.write(self.status, json.dumps(report or {}).encode() + b"\n")
        self._beat()

    def _beat(self) -> None:
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self.status, HEARTBEAT)
        asyncio.get_running_loop().call_later(HEARTBEAT_S, self._beat)

    def stop_with_supervisor(self) -> None:
        """Raises SIGTERM in this process as soon as standard input ends, that is, when the
        supervisor is gone."""
        descriptor = sys.stdin.fileno()

        def readable() -> None:
            if not os.read(descriptor, 1):
                asyncio.get_running_loop().remove_reader(descriptor)
                signal.raise_signal(signal.SIGTERM)

        asyncio.get_running_loop().add_reader(descriptor, readable)
