"""Searches saved under a name: one's own and those shared by others."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import ColumnElement, Engine, delete, insert, or_, select

from threegate.console.database import VIEW


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """`query` is the address of the search (`search_terms.address`)."""

    owner: str
    name: str
    query: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """Methods block; async callers use a thread."""

    engine: Engine

    def keep(self, view: SavedSearch) -> None:
        """Replaces an earlier search of that name."""
        with self.engine.begin() as connection:
            connection.execute(delete(VIEW).where(_is(view.owner, view.name)))
            connection.execute(insert(VIEW).values(asdict(view) | {"shared": int(view.shared)}))

    def drop(self, owner: str, name: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(delete(VIEW).where(_is(owner, name)))

    def of(self, person: str) -> tuple[SavedSearch, ...]:
        wanted = select(VIEW).where(or_(VIEW.c.owner == person, VIEW.c.shared == 1))
        with self.engine.begin() as connection:
            rows = connection.execute(wanted.order_by(VIEW.c.name, VIEW.c.owner))
            return tuple(SavedSearch(r.owner, r.name, r.query, bool(r.shared)) for r in rows)


def _is(owner: str, name: str) -> ColumnElement[bool]:
    return (VIEW.c.owner == owner) & (VIEW.c.name == name)
