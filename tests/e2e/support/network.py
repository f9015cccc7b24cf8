"""Ways between replicas and the servers that they share, which can be cut: by closing what is open,
or by a network namespace in which packets disappear without a word."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

CLONE_NEWNET = 0x40000000


class Network(Protocol):
    """Where a relay listens."""

    @property
    def host(self) -> str: ...
    def listen(self, port: int) -> socket.socket: ...


@dataclass(frozen=True)
class Loopback:
    host: str = "127.0.0.1"

    def listen(self, port: int) -> socket.socket:
        return socket.create_server((self.host, port))


LOOPBACK = Loopback()


@dataclass(frozen=True)
class Apart:
    """A network namespace at the other end of a cable. While it is cut, what comes in is lost on
    its way back: nothing is refused and nothing closed."""

    name: str
    number: int

    @property
    def host(self) -> str:
        return f"10.213.{self.number}.2"

    @property
    def here(self) -> str:
        return f"10.213.{self.number}.1"

    def listen(self, port: int) -> socket.socket:
        """A thread that lives no longer than this moves into the namespace; its socket stays
        there."""
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(self._listen, port).result()

    def _listen(self, port: int) -> socket.socket:
        namespace = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(namespace)
        return socket.create_server((self.host, port))

    def cut(self) -> None:
        ip("-n", self.name, "route", "add", "blackhole", self.here)

    def mend(self) -> None:
        ip("-n", self.name, "route", "del", "blackhole", self.here)

    def lay(self) -> None:
        """The cable, with addresses that nobody has to ask for."""
        near, far = (f"02:00:00:00:{self.number:02x}:{end:02x}" for end in (1, 2))
        inside = ("-n", self.name)
        ip("link", "add", self.name, "address", near, "type", "veth",
           "peer", "name", "far", "address", far, "netns", self.name)  # fmt: skip
        ip("addr", "add", f"{self.here}/24", "dev", self.name)
        ip("link", "set", self.name, "up")
        ip(*inside, "addr", "add", f"{self.host}/24", "dev", "far")
        ip(*inside, "link", "set", "far", "up")
        ip("neigh", "replace", self.host, "lladdr", far, "dev", self.name, "nud", "permanent")
        ip(*inside, "neigh", "replace", self.here, "lladdr", near, "dev", "far", "nud", "permanent")


@contextmanager
def apart(number: int) -> Iterator[Apart]:
    made = Apart(f"tg{os.getpid()}-{number}"[:15], number)
    ip("netns", "add", made.name)
    try:
        made.lay()
        yield made
    finally:
        ip("netns", "del", made.name)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def namespaces() -> bool:
    """Whether this process may make network namespaces."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        return False
    name = f"tgprobe{os.getpid()}"
    try:
        ip("netns", "add", name)
        ip("netns", "del", name)
    except subprocess.CalledProcessError:
        return False
    return True


@dataclass
class Relay:
    """Passes bytes to a server until it is cut; then the server is away for whoever comes here."""

    to: tuple[str, int]
    network: Network = LOOPBACK
    _open: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = self.network.listen(0)
        self.port = int(self._listener.getsockname()[1])
        self._spawn(self._accept, self._listener)

    @property
    def host(self) -> str:
        return self.network.host

    def _spawn(self, work: Callable[..., None], *given: Any) -> None:
        threading.Thread(target=work, args=given, daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                self._join(listener.accept()[0])

    def _join(self, near: socket.socket) -> None:
        """A server that is down refuses: whoever comes is let go, and the next one is taken."""
        try:
            far = socket.create_connection(self.to)
        except OSError:
            near.close()
            return
        self._open += [near, far]
        self._spawn(self._copy, near, far)
        self._spawn(self._copy, far, near)

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def mend(self) -> None:
        self._listener = self.network.listen(self.port)
        self._spawn(self._accept, self._listener)
