"""API keys in the database of the audit log: one set for all replicas.

A process caches the keys and looks for changes before it admits a caller, at most once a second: a
revoked key is refused everywhere within a second. While the database does not answer, the cached
keys apply and none can be added or revoked.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from sqlalchemy import Boolean, Column, Engine, MetaData, Table, Text, func, insert, select, update

from threegate.gateway.access.auth import Key, digest_of, made, over, refused
from threegate.sql_tables import create_tables, key, required
from threegate.types import Caller

log = logging.getLogger(__name__)

FRESH_S = 1.0
PATIENCE_S = 1.0
"""The longest that a call waits for the database before the cached keys apply."""

METADATA = MetaData()
API_KEY = Table(
    "api_key",
    METADATA,
    *key("id", of=Text),
    *required("tenant", of=Text),
    Column("sha256", Text, nullable=False, unique=True),
    *required("created", "expires", of=Text),
    *required("revoked", of=Boolean),
)


@dataclass(slots=True)
class KeyDatabase:
    """The keys of all replicas. `clock` gives seconds."""

    engine: Engine
    required: bool = False
    clock: Callable[[], float] = time.monotonic
    tenants: frozenset[str] = frozenset()
    _keys: Mapping[str, Key] = field(default_factory=dict, repr=False)  # by digest
    _counted: tuple[int, int] = (0, 0)
    _looked_at: float = float("-inf")
    _looking: asyncio.Future[None] | None = None
    _trouble: str = ""  # why they cannot be read

    @classmethod
    def open(cls, engine: Engine, *, required: bool = False) -> KeyDatabase:
        """Creates the table if it is missing and reads it. Blocks."""
        create_tables(engine, METADATA)
        table = cls(engine, required)
        table.look()
        return table

    @property
    def keys(self) -> tuple[Key, ...]:
        return tuple(self._keys.values())

    @property
    def open_to_all(self) -> bool:
        return not self.required and not self._keys

    async def admit(self, presented: str) -> Caller:
        """Raises RequestError 401 for a key that is missing, unknown, revoked or expired."""
        await self._fresh()
        if self.open_to_all:
            return Caller()
        # By digest: the time of the lookup reveals nothing about a key.
        key = self._keys.get(digest_of(presented))
        if key is None or key.revoked or over(key.expires):
            raise refused()
        return Caller(tenant=key.tenant, key_id=key.id)

    def look(self) -> None:
        """Reads the keys again if any was added or revoked; keys do not change otherwise."""
        counted = select(func.count(), func.count().filter(API_KEY.c.revoked)).select_from(API_KEY)
        with self.engine.connect() as connection:
            now = tuple(connection.execute(counted).one())
            if now != self._counted:
                rows = connection.execute(select(API_KEY).order_by(API_KEY.c.created)).mappings()
                self._keys = {row["sha256"]: Key(**row) for row in rows}
                self.tenants = frozenset(key.tenant for key in self._keys.values())
                self._counted = (len(self._keys), sum(k.revoked for k in self._keys.values()))

    async def _fresh(self) -> None:
        """One query at a time, however many calls are waiting for it."""
        if self.clock() - self._looked_at < FRESH_S:
            return
        if self._looking is None:
            self._looking = asyncio.ensure_future(self._look())
        await asyncio.wait((self._looking,), timeout=PATIENCE_S)

    async def _look(self) -> None:
        try:
            await asyncio.to_thread(self.look)
            self._trouble = ""
        except Exception as error:  # anything a driver may raise; the cached keys apply
            if self._trouble != (name := type(error).__name__):  # once per outage
                log.warning("API keys cannot be read (%s): those read last stay valid", name)
            self._trouble = name
        finally:
            self._looked_at, self._looking = self.clock(), None

    def add(self, tenant: str, expires: str = "") -> tuple[Key, str]:
        """The stored key and its secret, which is shown only once. Blocks."""
        key, secret = made(tenant, expires)
        self.store(key)
        return key, secret

    def store(self, key: Key) -> bool:
        """Blocks."""
        with self.engine.begin() as connection:
            connection.execute(insert(API_KEY).values(asdict(key)))
        self.look()
        return True

    def revoke(self, key_id: str) -> bool:
        """Whether the key exists. Blocks."""
        with self.engine.begin() as connection:
            done = connection.execute(
                update(API_KEY).where(API_KEY.c.id == key_id).values(revoked=True)
            )
        self.look()
        return done.rowcount > 0
