"""The data keys of a log: a text whose key is gone or overwritten is lost like a deleted one."""

from __future__ import annotations

from dataclasses import dataclass, field

from threegate.audit.log.keys import MasterKey
from threegate.audit.verify.sources import Database
from threegate.errors import AuditError


@dataclass(slots=True)
class DataKeys:
    """Without `master` keys are only looked for, and a log without any may be a backup that has
    them in a file of their own."""

    database: Database
    master: MasterKey | None
    _tried: set[str] = field(default_factory=set, init=False, repr=False)

    def wrong(self, key_id: str) -> str:
        """The finding about a key, once for each; empty if it is there and opens."""
        if key_id in self._tried:
            return ""
        self._tried.add(key_id)
        found = self.database.key(key_id)
        if found is None:
            return "key_missing" if self.master or self.database.has_keys() else ""
        return "" if self._opens(key_id, *found) else "key_unreadable"

    def _opens(self, key_id: str, tenant: str, day: str, wrapped: bytes) -> bool:
        if self.master is None:
            return True
        try:
            self.master.unwrap(key_id, tenant, day, wrapped)
        except AuditError:
            return False
        return True
