"""Labels of data sets as our kinds: which findings a labelled span accepts.

`CN_MOBILE` is `pii.cn.mobile` and `BANK_CARD` is `pii.bank_card` by their names; `labels.toml` has
the rest. A label accepts a finding whose kind is one of its kinds or below one.
"""

from __future__ import annotations

from functools import cache

from threegate.data_files import table
from threegate.policy.kinds import KINDS
from threegate.policy.model import matches

_TABLE = table("eval", "labels")
KINDS_OF: dict[str, list[str]] = _TABLE["kinds"]
CHECKED = frozenset[str](_TABLE["checked"])
"""Kinds that have a check digit: they must meet a higher bar."""
NOT_OURS = frozenset[str](_TABLE["not_ours"])
"""Labels that are deliberately not reported: a city or a country identifies no person."""


@cache
def kinds_of(label: str) -> tuple[str, ...]:
    """The kinds that confirm a label; none for a label without meaning here."""
    named = (k for k in KINDS if k.removeprefix("pii.").replace(".", "_") == label.lower())
    return tuple(KINDS_OF.get(label) or (k for k in named if k.startswith("pii.")))


@cache
def accepts(label: str, kind: str) -> bool:
    return any(matches(own, kind) for own in kinds_of(label))


@cache
def checked(label: str) -> bool:
    """Whether every value with this label has a check digit."""
    return bool(kinds_of(label)) and CHECKED.issuperset(kinds_of(label))


def within(label: str, families: frozenset[str]) -> bool:
    """Whether findings of these families could confirm the label."""
    return any(matches(f, kind) for f in families for kind in kinds_of(label))


def is_known(label: str) -> bool:
    return bool(kinds_of(label)) or label in NOT_OURS
