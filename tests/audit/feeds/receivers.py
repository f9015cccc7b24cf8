"""Receivers of feeds: real sockets, with and without TLS, that keep what they get and can be cut."""

from __future__ import annotations

import datetime
import http.server
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that is its own CA, and its key."""
    folder.mkdir(exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    now = datetime.datetime.now(datetime.UTC)
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(host, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = (pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files = folder / "ca.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(pem))
    files[1].write_bytes(key.private_bytes(*private))
    return files


@dataclass
class SyslogReceiver:
    """Takes octet-counted frames on one port; `cut` closes what is connected."""

    port: int
    context: ssl.SSLContext | None
    messages: list[str] = field(default_factory=list)
    _open: list[socket.socket] = field(default_factory=list)

    def cut(self) -> None:
        while self._open:
            connection = self._open.pop()
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError):
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            self._open.append(connection)
            with connection.makefile("rb") as stream:
                while digits := _until_space(stream):
                    self.messages.append(stream.read(int(digits)).decode())


def _until_space(stream: Any) -> bytes:
    made = b""
    while (one := stream.read(1)) not in (b" ", b""):
        made += one
    return made


@contextmanager
def syslog(port: int = 0, files: tuple[Path, Path] | None = None) -> Iterator[SyslogReceiver]:
    context = None
    if files is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
    with socket.create_server(("127.0.0.1", port)) as listener:
        receiver = SyslogReceiver(listener.getsockname()[1], context)
        threading.Thread(target=receiver.serve, args=(listener,), daemon=True).start()
        try:
            yield receiver
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            receiver.cut()


@dataclass
class Collector:
    """An OTLP/HTTP receiver that answers with `status`."""

    url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200

    @property
    def records(self) -> list[dict[str, Any]]:
        scopes = [s for b in self.bodies for r in b["resourceLogs"] for s in r["scopeLogs"]]
        return [record for scope in scopes for record in scope["logRecords"]]


@contextmanager
def collector() -> Iterator[Collector]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/logs"
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if made.status == 200:
                made.bodies.append(body)
            self.send_response(made.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Collector(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Call:
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Robot:
    """A receiver of webhooks that answers with the next of `answers` (status, body), the last one
    from then on."""

    url: str
    answers: list[tuple[int, bytes]]
    calls: list[Call] = field(default_factory=list)

    def answer(self) -> tuple[int, bytes]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def robot(*answers: tuple[int, bytes]) -> Iterator[Robot]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            head = {name.lower(): value for name, value in self.headers.items()}
            made.calls.append(Call(self.path, head, body))
            status, said = made.answer()
            self.send_response(status)
            self.send_header("content-length", str(len(said)))
            if status in (301, 302, 307, 308):
                self.send_header("location", made.url + "/elsewhere")
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Robot(f"http://127.0.0.1:{server.server_address[1]}", list(answers or ((200, b"ok"),)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
