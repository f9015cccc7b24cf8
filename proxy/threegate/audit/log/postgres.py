"""Connections to PostgreSQL through pg8000: TLS configured as in libpq, and failures mapped to one
kind."""

from __future__ import annotations

import getpass
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError

from threegate.audit.errors import PLACE, trouble

TLS_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def prepare(engine: Engine) -> None:
    """Makes `engine` open and set up every connection with this module."""
    event.listen(engine, "do_connect", _connected)
    event.listen(engine, "connect", _undelayed)
    event.listen(engine, "connect", _planned)
    event.listen(engine, "handle_error", _given_up)


def parsed(url: str) -> URL:
    """The address of a database. Raises `AuditError` without what is in it: a port that is not a
    number may be a piece of a password."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise trouble("database-url") from None


def with_tls(url: URL) -> tuple[URL, dict[str, Any]]:
    """The URL without libpq's `sslmode` and `sslrootcert`, and their equivalent for pg8000. Without
    `sslmode`, TLS is used unverified if the server offers it. An `@` in the host is a piece of a
    password, which no message may name."""
    if "@" in (url.host or ""):
        raise trouble("database-password")
    mode = str(url.query.get("sslmode", "prefer"))
    roots = url.query.get("sslrootcert")
    bare = url.difference_update_query(("sslmode", "sslrootcert"))
    match mode:
        case "disable":
            return bare, {"ssl_context": False}
        case "allow" | "prefer":
            return bare, {}
        case "require" | "verify-ca" | "verify-full":
            return bare, {"ssl_context": _tls_context(mode, str(roots) if roots else None)}
        case _:
            raise trouble("database-tls", modes=", ".join(TLS_MODES))


def _tls_context(mode: str, roots: str | None) -> ssl.SSLContext:
    """As in libpq, `require` with a root certificate verifies the chain."""
    try:
        context = ssl.create_default_context(cafile=roots)
    except OSError as error:
        raise trouble("database-roots", path=roots, why=error.strerror or "PEM?") from None
    context.check_hostname = mode == "verify-full"
    if mode == "require" and roots is None:
        context.verify_mode = ssl.CERT_NONE
    return context


def connect(url: str) -> Any:
    """One plain DB-API connection without an engine. Raises pg8000's errors."""
    import pg8000.dbapi  # only if PostgreSQL is used

    bare, tls = with_tls(parsed(url))
    given = bare.translate_connect_args(username="user") | dict(bare.query) | tls
    return _opened(pg8000.dbapi, (), given)


def _connected(dialect: Any, _record: object, args: Sequence[Any], given: dict[str, Any]) -> Any:
    return _opened(dialect.loaded_dbapi, args, given)


def _opened(dbapi: Any, args: Sequence[Any], given: dict[str, Any]) -> Any:
    """Without a user it is that of the process, as libpq has it. pg8000 names no address in some
    failures, and lets others through as they are: a server of another kind, one that is silent, a
    certificate that is not trusted, a parameter that it does not know. What the server itself says
    gets the place beside it."""
    failure = dbapi.InterfaceError
    place = f"host {given.get('host', 'localhost')} and port {given.get('port', 5432)}"
    try:
        given = given if "user" in given else {"user": getpass.getuser(), **given}
        return dbapi.connect(*args, **given)
    except dbapi.DatabaseError as error:
        error.args = ({**error.args[0], PLACE: place},)
        raise
    except TypeError:
        known = "a parameter of the address is not known; sslmode and sslrootcert are"
        raise failure(known) from None
    except Exception as error:
        raise failure(f"no PostgreSQL to talk to at {place}: {_why(error)}") from None


def _why(error: BaseException) -> str:
    match error.__cause__ or error:
        case ssl.SSLCertVerificationError(verify_message=str(reason)):
            return reason
        case OSError(strerror=str(reason)):
            return reason
        case TimeoutError():
            return "no answer"
        case cause:
            return str(cause) or type(cause).__name__


def _given_up(context: ExceptionContext) -> None:
    """Closes a connection on which pg8000 stopped in the middle of a message, as with a parameter
    that UTF-8 cannot encode (a lone surrogate): the next statement would get the server's answer to
    this one."""
    if isinstance(context.original_exception, UnicodeError):
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False


def _undelayed(connection: Any, _record: object) -> None:
    """pg8000 leaves Nagle's algorithm on: a statement of two packets then waits 40 ms for an
    ACK."""
    if connection._usock.family != socket.AF_UNIX:
        connection._usock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@contextmanager
def patient(connection: Connection, seconds: int) -> Iterator[None]:
    """The time limit of each statement inside, in place of the engine's. Nothing for SQLite."""
    server = connection.connection.driver_connection
    opened = getattr(server, "_usock", None)
    if opened is None:
        yield
        return
    limit = opened.gettimeout()
    opened.settimeout(seconds)
    try:
        yield
    finally:
        opened.settimeout(limit)


def _planned(connection: Any, _record: object) -> None:
    """Searches fetch few rows by index, so neither random-page costs for spinning disks nor
    JIT-compiled plans suit them."""
    connection.run("SET random_page_cost = 1.1")
    connection.run("SET jit = off")
    connection.commit()
