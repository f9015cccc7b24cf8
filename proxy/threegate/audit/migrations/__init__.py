"""Alembic scripts of the audit log. `upgrade` brings a database to `HEAD`, once, whoever starts
first.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

HEAD = "0002"
VERSION_TABLE = "audit_version"
LOCK_ID = 0x7467_6175  # any constant shared by all workers


def upgrade(engine: Engine) -> None:
    with engine.connect() as connection, _alone(connection):
        if revision(connection) != HEAD:
            connection.rollback()
            _run(connection)


def revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608


def _run(connection: Connection) -> None:
    from alembic import command  # 10 MB: only where there is something to migrate
    from alembic.config import Config

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
