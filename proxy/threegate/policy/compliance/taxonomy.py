"""The taxonomy bridge: ids a rule may name as its reason, from `taxonomies.toml`.

Ids: `gbt45654.A1.a`, `mlcommons.ssh`, `owasp.llm01`, `pipl.28`, `gdpr.5`, `nist.600-1.4`,
`cngenai.4`, `cnlabel.4`, `euaia.50`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from threegate.data_files import table
from threegate.i18n.catalog import bilingual
from threegate.types import Bilingual


@dataclass(frozen=True, slots=True)
class Category:
    """One entry of a taxonomy. `group` is a heading of the same taxonomy, empty if there is none;
    `control` is what serves the entry other than rules."""

    id: str
    title: Bilingual
    group: str = ""
    control: Bilingual | None = None


@dataclass(frozen=True, slots=True)
class Taxonomy:
    id: str
    title: Bilingual
    categories: tuple[Category, ...]
    aliases: tuple[str, ...] = ()


def _taxonomy(id: str, entry: Mapping[str, Any]) -> Taxonomy:
    categories = tuple(_category(id, code, each) for code, each in entry["categories"].items())
    return Taxonomy(id, bilingual(entry), categories, tuple(entry.get("aliases", ())))


def _category(id: str, code: str, entry: Mapping[str, Any]) -> Category:
    group = code.partition(".")[0] if code.startswith("A") else ""
    control = bilingual(entry["control"]) if "control" in entry else None
    return Category(f"{id}.{code}", bilingual(entry), group, control)


_LOADED = table("policy.compliance", "taxonomies")
TAXONOMIES = tuple(_taxonomy(id, entry) for id, entry in _LOADED.items())
GBT45654 = TAXONOMIES[0]
BY_ID = {c.id: c for t in TAXONOMIES for c in t.categories}


def taxonomy(name: str) -> Taxonomy | None:
    return next((t for t in TAXONOMIES if name in (t.id, *t.aliases)), None)
