"""A TCP proxy between the guard and a model API that does to answers what bad networks do.

The names are those of toxiproxy's toxics, and `garbage`.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from urllib.parse import urlsplit

AFTER_BYTES = 300
"""Of an answer, before it breaks: behind the head, inside the body."""
_NOW = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset

Toxic = Callable[[socket.socket, socket.socket], None]
"""Carries an answer from its source to the guard, and closes nothing."""


def _pieces(source: socket.socket) -> Iterator[bytes]:
    while data := source.recv(65536):
        yield data


def none(source: socket.socket, to: socket.socket) -> None:
    for data in _pieces(source):
        to.sendall(data)


def latency(source: socket.socket, to: socket.socket) -> None:
    for data in _pieces(source):
        time.sleep(0.05)
        to.sendall(data)


def bandwidth(source: socket.socket, to: socket.socket) -> None:
    for data in _pieces(source):
        for at in range(0, len(data), 256):
            time.sleep(0.005)
            to.sendall(data[at : at + 256])


def slicer(source: socket.socket, to: socket.socket) -> None:
    to.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sizes = cycle((1, 7, 3, 40))
    for data in _pieces(source):
        at = 0
        while at < len(data):
            size = next(sizes)
            to.sendall(data[at : at + size])
            at += size


def slow_close(source: socket.socket, to: socket.socket) -> None:
    none(source, to)
    time.sleep(0.2)


def timeout(source: socket.socket, to: socket.socket) -> None:
    """Swallows the answer and keeps the connection."""
    for _ in _pieces(source):
        pass
    to.recv(1)  # until the guard leaves


def limit_data(source: socket.socket, to: socket.socket) -> None:
    left = AFTER_BYTES
    for data in _pieces(source):
        to.sendall(data[:left])
        left -= len(data)
        if left <= 0:
            return


def reset_peer(source: socket.socket, to: socket.socket) -> None:
    limit_data(source, to)
    to.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOW)


def garbage(source: socket.socket, to: socket.socket) -> None:
    """Bytes that are no HTTP."""
    for data in _pieces(source):
        to.sendall(bytes(b ^ 0x5A for b in data))
        return


@dataclass
class ToxicProxy:
    """Listens on a port of its own; `use` decides what happens to connections made from then on."""

    to: str
    toxic: Toxic = none
    _open: list[socket.socket] = field(default_factory=list)
    _listener: socket.socket | None = None

    def __post_init__(self) -> None:
        self._listen(0)
        assert self._listener is not None
        self.port = int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def use(self, toxic: Toxic) -> Iterator[None]:
        self._drop()
        self.toxic = toxic
        try:
            yield
        finally:
            self._drop()
            self.toxic = none

    @contextmanager
    def down(self) -> Iterator[None]:
        """Nothing listens."""
        self.close()
        try:
            yield
        finally:
            self._listen(self.port)

    def close(self) -> None:
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        self._drop()

    def _listen(self, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _drop(self) -> None:
        """Kept connections end, so that the next call makes a new one."""
        for end in self._open:
            _closed(end)
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        where = urlsplit(self.to)
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection((where.hostname or "", where.port or 80))
                self._open += [near, far]
                for work in ((none, near, far), (self.toxic, far, near)):
                    threading.Thread(target=_carry, args=work, daemon=True).start()


def _carry(toxic: Toxic, source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        toxic(source, to)
    _closed(source)
    _closed(to)


def _closed(end: socket.socket) -> None:
    """Shut down first: closing alone does not wake a thread that reads from it. Of a socket that is
    to be reset only the reading side is, since a FIN would come before the reset."""
    with suppress(OSError):
        reset = end.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == _NOW
        end.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
    end.close()
