"""Alembic's entry point: runs on the connection that `upgrade` gives it."""

from __future__ import annotations

from alembic import context

from threegate.audit.log.schema import METADATA
from threegate.audit.migrations import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
