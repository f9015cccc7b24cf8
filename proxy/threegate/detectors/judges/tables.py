"""`formats.toml`: categories and prompts of guard models."""

from __future__ import annotations

from functools import cache

from threegate import data_files


@cache
def table(name: str) -> dict[str, str]:
    found: dict[str, str] = data_files.table("detectors.judges", "formats")[name]
    return found


def filled(prompt: str, **texts: str) -> str:
    """The prompt with its fields, which are in braces, each filled once."""
    parts: list[str] = []
    rest = prompt
    while (at := rest.find("{")) >= 0:
        name, _, after = rest[at + 1 :].partition("}")
        parts += [rest[:at], texts[name]]
        rest = after
    return "".join([*parts, rest])
