"""Sets of hits: what the rules of a record judged, stored once for all records with the same
(`schema.HIT`). A hit is (rule, kind, layer, action, shadow).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from threegate.audit.log.chain import SHA256
from threegate.audit.log.encoding import canonical
from threegate.audit.log.rows import Row

HIT_NAMES = ("id", "n", "rule", "kind", "layer", "action", "shadow")
MOST_SETS = 100_000  # remembered ids of stored sets
Hits = tuple[Row, ...]
HitSets = Mapping[int, Iterable[Row]]


@lru_cache(maxsize=4096)
def hits_id(hits: Hits) -> int:
    """The number of a set of hits, whatever their order: 63 bits of a hash, so that writers that
    share a database need no common counter. 0 for none."""
    if not hits:
        return 0
    digest = SHA256.digest(canonical(hit_rows(hits)))
    return int.from_bytes(digest[:8], "big") >> 1 or 1


def hit_rows(hits: Iterable[Row]) -> list[Row]:
    """A set of hits in the order in which it is stored. Databases without truth values have 0 and
    1."""
    return sorted((*others, bool(shadow)) for *others, shadow in hits)


def set_rows(sets: HitSets) -> list[Row]:
    """In the order of their ids: two writers that store the same sets never wait for each other."""
    return [(id, n, *hit) for id in sorted(sets) for n, hit in enumerate(hit_rows(sets[id]))]


@dataclass(slots=True)
class StoredSets:
    """The sets that a writer has stored, as far as it remembers."""

    _ids: set[int] = field(default_factory=set)

    def others(self, records: Iterable[Hits]) -> HitSets:
        """The sets of these records that it has not stored."""
        named = ((hits_id(hits), hits) for hits in records if hits)
        return {id: hits for id, hits in named if id not in self._ids}

    def add(self, sets: HitSets) -> None:
        """After the commit that stored them."""
        if len(self._ids) >= MOST_SETS:
            self._ids.clear()
        self._ids.update(sets)
