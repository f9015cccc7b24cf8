"""Tables of a database: columns, several of one type at once, and their creation. The audit log's
are made by its migrations (`audit.log.schema` has their columns)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Engine, MetaData, String
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.types import TypeEngine

ColumnType = TypeEngine[Any] | type[TypeEngine[Any]]


def key(*names: str, of: ColumnType = String) -> list[Column[Any]]:
    """Parts of the primary key, whose values the caller gives."""
    return [Column(name, of, primary_key=True, autoincrement=False) for name in names]


def required(*names: str, of: ColumnType = String) -> list[Column[Any]]:
    return [Column(name, of, nullable=False) for name in names]


def create_tables(engine: Engine, tables: MetaData) -> None:
    """Creates missing tables. Retries if another replica is creating them: its transaction has
    ended by the time the conflict is reported."""
    try:
        tables.create_all(engine)
    except (IntegrityError, ProgrammingError, OperationalError):
        tables.create_all(engine)
