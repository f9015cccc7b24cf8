"""Bindings in words: which calls get which packs, and the calls that a pack or a rule is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from threegate.i18n.catalog import texts
from threegate.policy.compile import layered
from threegate.policy.facade import Served
from threegate.policy.language.load import Bundle
from threegate.policy.model import ANYBODY, KnownCallers, Selector, matches
from threegate.types import Bilingual

EVERY_CALL = Selector()
_WORDS = texts("console", "bindings")
PARTS = ("tenant", "key", "route", "model")


def bindings(
    served: tuple[Served, ...], bundle: Bundle, language: str, callers: KnownCallers = ANYBODY
) -> dict[str, Any]:
    """Who gets what, in the order in which it is tried. `bundle`: the enabled packs and those that
    they bind. `idle` are enabled packs that no call gets, and `packs` and `rules` the calls that
    each of them is for; `everyone`: every call gets all packs."""
    reached = [each for each in served if each.reached]
    rows = [_row(served, n, language, callers) for n in range(len(served))]
    packs = _calls(((_packs(each.bundle), row) for each, row in zip(served, rows, strict=True)))
    rules = _calls(((_rules(each.bundle), row) for each, row in zip(served, rows, strict=True)))
    binding = [pack.pack for pack in bundle.packs if pack.bindings]
    return {
        "everyone": [each.selector for each in served] == [EVERY_CALL],
        "rows": rows,
        "refused": not any(each.selector == EVERY_CALL for each in served),
        "files": binding,
        "packs": packs,
        "rules": rules,
        "idle": [
            {"name": pack.pack, "title": pack.title.get(language)}
            for pack in bundle.packs
            if pack.pack in bundle.names and pack.pack not in (*packs, *binding)
        ],
        "taken_by": _titles((each.bundle for each in reached), language),
    }


def _row(
    served: tuple[Served, ...], n: int, language: str, callers: KnownCallers
) -> dict[str, Any]:
    each = served[n]
    return {
        "calls": calls_of(each.selector, n == 0).get(language),
        "packs": [{"name": p.pack, "title": p.title.get(language)} for p in each.bundle.packs],
        "reached": each.reached,
        "unknown": _unknown(each.selector, callers),
    }


def calls_of(selector: Selector, first: bool = False) -> Bilingual:
    """The calls of a binding in words; `first`: no other binding is tried before it."""
    if selector == EVERY_CALL:
        return _WORDS["every" if first else "rest"]
    parts = [(part, getattr(selector, part)) for part in PARTS if getattr(selector, part)]
    named = [
        _WORDS[part].filled({"names": Bilingual(" 或 ".join(names), " or ".join(names))})
        for part, names in parts
    ]
    return Bilingual("，".join(w.zh for w in named), ", ".join(w.en for w in named))


def _unknown(selector: Selector, callers: KnownCallers) -> list[str]:
    """Names of tenants and API keys that nobody has, as far as they are known."""
    named = [(name, callers.tenant) for name in selector.tenant]
    named += [(name, callers.key) for name in selector.key]
    return [n for n, known in named if known and not any(matches(n, each) for each in known)]


def _calls(found: Iterable[tuple[Iterable[str], Mapping[str, Any]]]) -> dict[str, list[str]]:
    """The calls for each name, of rows that are reached."""
    calls: dict[str, list[str]] = {}
    for names, row in found:
        for name in names if row["reached"] else ():
            calls.setdefault(name, []).append(row["calls"])
    return calls


def _packs(bundle: Bundle) -> list[str]:
    return [pack.pack for pack in bundle.packs]


def _rules(bundle: Bundle) -> list[str]:
    return [rule.id for rule, _ in layered(bundle)]


def _titles(bundles: Iterable[Bundle], language: str) -> list[str]:
    """The packs that bindings name, without those that these build on."""
    packs = [p for bundle in bundles for p in bundle.packs if p.pack in bundle.names]
    return list(dict.fromkeys(pack.title.get(language) for pack in packs))
