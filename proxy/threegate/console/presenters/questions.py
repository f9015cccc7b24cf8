"""A record as questions to a reviewer: was this rule right here? With the text around its hits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from threegate.audit.log.encoding import rulings
from threegate.console.presenters.highlights import excerpt
from threegate.console.presenters.records import is_found, ruling, texts, title_of
from threegate.types import Bilingual


def rules_to_judge(event: Mapping[str, Any]) -> tuple[str, ...]:
    """Rules that found something, in shadow or not; "" (the call as a whole) if none did."""
    layers = (d for d in event.get("decisions", ()) if d["layer"] != "constraint")
    rules = dict.fromkeys(r["rule"] for d in layers for r in d["ruled"] if is_found(r))
    return tuple(rules) or ("",)


def questions(
    event: Mapping[str, Any],
    parts: Sequence[Mapping[str, str]],
    mine: Mapping[str, str],
    known: Mapping[str, Bilingual],
    language: str,
    *,
    revealed: bool,
) -> list[dict[str, Any]]:
    """`mine`: the reviewer's own labels by rule. `excerpts` are the texts in which the rule hit, or
    the beginning of every text if there is no rule to judge."""
    every = rulings(event)
    return [
        {
            "rule": rule,
            "title": title_of(rule, known, language),
            "mine": mine.get(rule, ""),
            "hits": _distinct(ruling(r, language, known) for r in every if r["rule"] == rule),
            "excerpts": _excerpts(event, parts, rule, revealed=revealed),
        }
        for rule in rules_to_judge(event)
    ]


def _distinct(hits: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each combination of kind, level and place once: a rule may hit the same text many times."""
    return list({(h["kind"], h["level"], h["channel"], h["action"]): h for h in hits}.values())


def _excerpts(
    event: Mapping[str, Any], parts: Sequence[Mapping[str, str]], rule: str, *, revealed: bool
) -> list[dict[str, Any]]:
    shown = texts(event, parts, revealed=revealed, rule=rule)
    if rule:
        hit = [t for t in shown if any(p["rule"] == rule for p in t["pieces"])]
        shown = hit or shown[:1]
    return [t | {"pieces": excerpt(t["pieces"])} for t in shown]
