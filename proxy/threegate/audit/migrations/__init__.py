"""Alembic scripts of the audit log. `upgrade` brings a database to `HEAD`, once, whoever starts
first.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, text

HEAD = "0002"
VERSION_TABLE = "audit_version"
LOCK_ID = 0x7467_6175  # any constant shared by all workers


def upgrade(engine: Engine) -> None:
    with engine.connect() as connection, _alone(connection):
        if revision(connection) != HEAD:
            connection.rollback()
            _run(connection)


def revision(connection: Connection) -> str | None:
    options = {"version_table": VERSION_TABLE}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def _run(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Several workers may start on an empty database at once."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_lock(:id)"), {"id": LOCK_ID})
        connection.commit()
        try:
            yield
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:id)"), {"id": LOCK_ID})
            connection.commit()
        return
    database = connection.engine.url.database or ":memory:"
    with Path(f"{database}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
