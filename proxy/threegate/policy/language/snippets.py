"""Valid structure that an editor inserts with a key (`snippets.toml`)."""

from __future__ import annotations

from collections.abc import Mapping

from threegate.data_files import table
from threegate.policy.language.completion import ITEM

SNIPPETS: Mapping[tuple[str, str], str] = {
    ("" if part == "pack" else part, key): text
    for part, keys in table("policy.language", "snippets").items()
    for key, text in keys.items()
}
"""Snippets by part of the pack and key."""


def snippet(path: tuple[str, ...], key: str) -> str:
    """The structure for a key at a place; empty if the key is enough."""
    part = {(): "", ("rules", ITEM): "rules"}.get(path)
    return SNIPPETS.get((part, key), "") if part is not None else ""
