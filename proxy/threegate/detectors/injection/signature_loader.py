"""Loads the injection signatures from `signatures/*.toml`.

A signature has a `note` (its name in findings), a `level`, a `pattern` and examples. HIGH if it
hardly occurs in honest text, MEDIUM if somebody who writes about the subject may quote it, LOW if
it is only a hint. `{{NAME}}` in a pattern is replaced by an entry of the file's `[fragments]`.
Optional:

- `kind`: `injection.signature` (default) or `injection.role_delimiter`;
- `channels`: where it counts; by default every channel that a client or a tool fills;
- `negatable`: "do not" before it reverses its meaning;
- `unless`: "do not" in other languages, or who asks how to do it: what ends directly `before` it,
  what it `begins` with, or what begins directly `after` it reverses its meaning;
- `mentioned`: quoted after a user's own words it is only mentioned, and is LOW;
- `address`: it only addresses a model, and before rules for work on code it is LOW.

`true` holds texts in which it must be found, `false` texts in which it must not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from threegate.data_files import filled, table
from threegate.types import Channel, Level

SIGNATURE, DELIMITER = "injection.signature", "injection.role_delimiter"
INPUT = frozenset({Channel.SYSTEM, Channel.USER, Channel.ASSISTANT, Channel.TOOL_RESULT})
FILES: Final = ("wordings", "takeover", "documents", "languages")
_PLACES = ("before", "begins", "after")


@dataclass(frozen=True, slots=True)
class Signature:
    """See the module for the fields. `true` and `false` are the examples of its file."""

    note: str
    kind: str
    level: Level
    pattern: str
    channels: frozenset[Channel] = INPUT
    negatable: bool = False
    unless: tuple[str, ...] = ()
    mentioned: bool = False
    address: bool = False
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()


def load_all() -> tuple[Signature, ...]:
    """Every signature, in the order of `FILES`. Raises KeyError or TOMLDecodeError for a bad
    file."""
    return tuple(signature for name in FILES for signature in load(name))


def load(name: str) -> tuple[Signature, ...]:
    """The signatures of one file."""
    data = table("detectors.injection", f"signatures/{name}")
    return tuple(_signature(entry, data["fragments"]) for entry in data["signature"])


def _signature(entry: Mapping[str, Any], fragments: Mapping[str, str]) -> Signature:
    channels = frozenset(map(Channel, entry["channels"])) if "channels" in entry else INPUT
    return Signature(
        entry["note"],
        entry.get("kind", SIGNATURE),
        Level[entry["level"].upper()],
        filled(entry["pattern"], fragments),
        channels,
        entry.get("negatable", False),
        tuple(entry.get("unless", {}).get(place, "") for place in _PLACES),
        entry.get("mentioned", False),
        entry.get("address", False),
        tuple(entry["true"]),
        tuple(entry["false"]),
    )
