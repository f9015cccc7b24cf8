"""Our kinds in the terms of other APIs, from `labels.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from threegate.data_files import table
from threegate.policy.language.recognizers import entity_of
from threegate.policy.model import matches

LABELS: Mapping[str, Mapping[str, str]] = table("service.dialects", "labels")
"""By API: our kind, or a prefix of kinds, and its term."""


@cache
def label(api: str, kind: str) -> str:
    """Empty if the API has no term for a kind."""
    named = LABELS[api]
    fit = [k for k in named if matches(k, kind)]
    return named[max(fit, key=len)] if fit else ""


@cache
def entity(kind: str) -> str:
    """A Presidio entity."""
    return label("presidio", kind) or entity_of(kind)
