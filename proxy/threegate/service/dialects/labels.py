"""Our kinds in the words of other APIs, from `labels.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from threegate.policy.model import matches


@cache
def table(api: str) -> dict[str, str]:
    file = Path(__file__).with_name("labels.toml")
    found: dict[str, dict[str, str]] = tomllib.loads(file.read_text("utf-8"))
    return found[api]


@cache
def label(api: str, kind: str) -> str:
    """Empty where the API has no word for a kind."""
    named = table(api)
    fit = [k for k in named if matches(k, kind)]
    return named[max(fit, key=len)] if fit else ""


@cache
def entity(kind: str) -> str:
    """A Presidio entity."""
    own = kind.removeprefix("pii.").replace(".", "_").upper()
    return label("presidio", kind) or own
