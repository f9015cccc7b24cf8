"""The vocabulary of kinds: everything a detector may find, its name in both languages and the
taxonomy ids it serves (`kinds.toml`).

`pii.id_other`-like kinds come from models, `secret.*` from rules by provider; `list.`, `pattern.`
and `category.` kinds come from the policy itself. A test compares this table with what the
detectors declare.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from threegate.data_files import table
from threegate.i18n.catalog import bilingual
from threegate.types import Bilingual


@dataclass(frozen=True, slots=True)
class KindInfo:
    """`open` kinds are families: anything below them is also a kind."""

    kind: str
    title: Bilingual
    why: tuple[str, ...] = ()
    open: bool = False


def _loaded() -> Iterator[KindInfo]:
    tables = table("policy", "kinds")
    groups = tables["groups"]
    for kind, entry in tables["kinds"].items():
        why = tuple(id for name in entry.get("why", ()) for id in groups.get(name, (name,)))
        yield KindInfo(kind, bilingual(entry), why, entry.get("open", False))


KIND_INFOS = tuple(_loaded())
BY_KIND = {info.kind: info for info in KIND_INFOS}
KINDS = frozenset(BY_KIND)
OPEN_FAMILIES = tuple(info.kind for info in KIND_INFOS if info.open)


def is_known(pattern: str, known: frozenset[str]) -> bool:
    """Whether a kind, a prefix (`pii.cn`) or a wildcard (`pii.cn.*`) can match any known kind."""
    stem = pattern.removesuffix(".*")
    if stem in known:
        return True
    if any(stem == family or stem.startswith(family + ".") for family in OPEN_FAMILIES):
        return True
    below = f"{stem}."
    return any(kind.startswith(below) for kind in known)


def title_of(pattern: str) -> Bilingual:
    """Readable name of a kind or family; the kind itself if it has no name."""
    info = BY_KIND.get(pattern.removesuffix(".*"))
    return info.title if info else Bilingual(pattern, pattern)
