"""`formats.toml`: categories and prompts of guard models."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


@cache
def table(name: str) -> dict[str, str]:
    file = Path(__file__).with_name("formats.toml")
    found: dict[str, dict[str, str]] = tomllib.loads(file.read_text("utf-8"))
    return found[name]


def filled(prompt: str, **texts: str) -> str:
    """The prompt with its fields, which are in braces, each filled once."""
    parts: list[str] = []
    rest = prompt
    while (at := rest.find("{")) >= 0:
        name, _, after = rest[at + 1 :].partition("}")
        parts += [rest[:at], texts[name]]
        rest = after
    return "".join([*parts, rest])
