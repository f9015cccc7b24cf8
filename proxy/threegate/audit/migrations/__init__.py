"""Alembic scripts of the audit log. `upgrade` brings a database to `HEAD`, once, however many
processes start at once.
"""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from threegate.audit.errors import trouble
from threegate.audit.log.database import (
    PATIENT_SECONDS,
    create_private,
    ensure_partitions,
    is_postgres,
)
from threegate.audit.log.postgres import patient

log = logging.getLogger(__name__)

HEAD = "0006"
BEGINS = (
    "audit: the schema of the log goes from %s to %s, with a large log for minutes: let it finish"
)
ENDS = "audit: the schema of the log is %s; programs of before do not start on it any more"
VERSION_TABLE = "audit_version"
LOCK_ID = 0x7467_6175  # any constant shared by all workers
LOCK_SECONDS, ASK_SECONDS = 60, 0.05
"""How long the first worker may take, and how often the others poll. They do not wait in a
statement, which would time out as if the database were unavailable."""


def upgrade(engine: Engine) -> None:
    """Raises TimeoutError if another worker does not finish, AuditError for a database that a newer
    version has upgraded."""
    with engine.connect() as connection, _alone(connection):
        found = revision(connection)
        if found is not None and found > HEAD:
            raise trouble("newer-database", found=found, known=HEAD)
        if found != HEAD:
            connection.rollback()
            if found is None:
                _run(connection)
            else:
                log.warning(BEGINS, found, HEAD)
                _run(connection)
                log.warning(ENDS, HEAD)


def make_months(engine: Engine) -> None:
    """The partitions of this month and the next, by one worker at a time and in a transaction that
    has read nothing: two that had read the table would wait for each other. Raises TimeoutError if
    another worker does not finish."""
    with engine.connect() as connection:
        if is_postgres(connection):
            with _alone(connection):
                ensure_partitions(connection)
                connection.commit()


def revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608


def _run(connection: Connection) -> None:
    from alembic import command  # 10 MB: imported only if there is something to migrate
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    with patient(connection, PATIENT_SECONDS):  # an index of a large log takes minutes
        command.upgrade(config, "head")
        connection.commit()


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Several workers may start on an empty database at the same time."""
    if connection.dialect.name == "postgresql":
        _lock(connection)
        try:
            yield
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:id)"), {"id": LOCK_ID})
            connection.commit()
        return
    path = Path(f"{connection.engine.url.database or ':memory:'}.lock")
    create_private(path)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _lock(connection: Connection) -> None:
    until, statement = time.monotonic() + LOCK_SECONDS, text("SELECT pg_try_advisory_lock(:id)")
    while not connection.execute(statement, {"id": LOCK_ID}).scalar():
        connection.commit()
        if time.monotonic() > until:
            raise TimeoutError("another worker is still making the tables of the audit log")
        time.sleep(ASK_SECONDS)
    connection.commit()
