"""TLS as libpq names it, and servers that are no PostgreSQL. No server is needed."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from threegate.audit.errors import reason_of
from threegate.audit.log.database import reader_engine, writer_engine
from threegate.audit.log.postgres import with_tls
from threegate.errors import AuditError

ROOTS = ssl.get_default_verify_paths().cafile or ssl.get_default_verify_paths().openssl_cafile


def context(query: str) -> ssl.SSLContext:
    bare, given = with_tls(make_url(f"postgresql://h/log{query}"))
    assert str(bare) == "postgresql://h/log"
    made = given["ssl_context"]
    assert isinstance(made, ssl.SSLContext)
    return made


def test_modes_are_those_of_libpq() -> None:
    assert with_tls(make_url("postgresql://h/log"))[1] == {}
    assert with_tls(make_url("postgresql://h/log?sslmode=prefer"))[1] == {}
    assert with_tls(make_url("postgresql://h/log?sslmode=disable"))[1] == {"ssl_context": False}
    unverified, chain = context("?sslmode=require"), context("?sslmode=verify-ca")
    full = context("?sslmode=verify-full")
    assert unverified.verify_mode is ssl.CERT_NONE
    assert (chain.verify_mode, chain.check_hostname) == (ssl.CERT_REQUIRED, False)
    assert (full.verify_mode, full.check_hostname) == (ssl.CERT_REQUIRED, True)
    rooted = context(f"?sslmode=require&sslrootcert={ROOTS}")
    assert (rooted.verify_mode, rooted.check_hostname) == (ssl.CERT_REQUIRED, False)


def test_a_password_with_an_at_sign_is_not_taken_for_the_host() -> None:
    with pytest.raises(AuditError, match="%40") as caught:
        with_tls(make_url("postgresql://guard:first@canary@db.example/log"))
    assert "canary" not in caught.value.text.zh + caught.value.text.en
    encoded, _ = with_tls(make_url("postgresql://guard:first%40canary@db.example/log"))
    assert (encoded.password, encoded.host) == ("first@canary", "db.example")


def test_a_mode_or_certificate_that_cannot_be_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="verify-full"):
        with_tls(make_url("postgresql://h/log?sslmode=always"))
    (tmp_path / "ca.pem").write_text("x")
    for path in ("none.pem", "ca.pem"):
        with pytest.raises(AuditError, match=path):
            with_tls(make_url(f"postgresql://h/log?sslmode=require&sslrootcert={tmp_path / path}"))


@pytest.mark.parametrize(
    ("query", "answer", "said"),
    [
        ("", b"", "no PostgreSQL to talk to"),
        ("", b"-ERR unknown command\r\n", "no PostgreSQL to talk to"),
        ("?sslmode=require", b"N", "refuses SSL"),
        ("?sslmode=verify-full", b"S", "no PostgreSQL to talk to"),
        ("?sslmod=require", b"N", "a parameter of the address is not known"),
    ],
)
def test_what_is_no_postgresql_is_a_failed_connection(query: str, answer: bytes, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        threading.Thread(target=answered, args=(listener, answer), daemon=True).start()
        engine = reader_engine(f"postgresql://guard:canary@{host}:{port}/log{query}")
        with pytest.raises(DBAPIError) as caught, engine.connect():
            """Not reached."""
    assert said in reason_of(caught.value)
    assert "canary" not in str(caught.value)


def test_without_a_user_it_is_that_of_the_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        threading.Thread(target=answered, args=(listener, b""), daemon=True).start()
        with pytest.raises(DBAPIError) as caught:
            reader_engine(f"postgresql://{host}:{port}/log").connect()
    assert "no PostgreSQL to talk to" in reason_of(caught.value)


def answered(listener: socket.socket, answer: bytes) -> None:
    """Says the same to whoever connects, and leaves."""
    try:
        while True:
            with listener.accept()[0] as connection:
                connection.recv(8)
                connection.sendall(answer)
    except OSError:
        return


def test_a_user_that_is_given_needs_none_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers run under ids that the system has no name for."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2_000_000_001)
    with pytest.raises(DBAPIError) as error:
        reader_engine("postgresql://me@127.0.0.1:9/log").connect()
    assert "getpwuid" not in reason_of(error.value)


@pytest.mark.postgres
def test_a_text_that_is_no_utf_8_mixes_up_no_answers() -> None:
    """The three statements after it failed, or got answers that were not theirs."""
    server = os.environ.get("THREEGATE_TEST_POSTGRES")
    if not server:
        pytest.skip("THREEGATE_TEST_POSTGRES is not set")
    engine = writer_engine(server)

    def said(value: str) -> object:
        with engine.begin() as connection:
            return connection.execute(text("SELECT CAST(:said AS text)"), {"said": value}).scalar()

    for value in ("one", "two"):
        with pytest.raises(UnicodeEncodeError):
            said("\ud800")
        assert [said(f"{value} {n}") for n in range(3)] == [f"{value} {n}" for n in range(3)]
    engine.dispose()
