"""Fact-check rules in words: what they compare answers with, and their actions."""

from __future__ import annotations

from typing import Any

from threegate.i18n.catalog import texts
from threegate.policy.schema import Rule
from threegate.types import Action, Bilingual

SOURCES = texts("console", "fact_sources")
OUTCOMES = {
    "on_contradicted": (Bilingual("与资料矛盾", "contradicted"), Action.BLOCK),
    "on_unsupported": (Bilingual("资料里没有依据", "not in the sources"), Action.ANNOTATE),
    "on_no_source": (Bilingual("没有资料可核查", "nothing to check against"), Action.FLAG),
}
"""Each outcome with its name and its default action."""


def fact_check(rule: Rule, language: str) -> dict[str, Any]:
    """A rule that checks facts, as a line of the page of knowledge."""
    claims = rule.detect.claims
    return {
        "id": rule.id,
        "title": rule.title.get(language),
        "mode": rule.mode.value,
        "sources": [source_title(s, language) for s in (claims.sources if claims else ())],
        "outcomes": [
            {"title": title.get(language), "action": _outcome(rule, key, default)}
            for key, (title, default) in OUTCOMES.items()
        ],
        "cite": bool(claims and claims.cite),
    }


def _outcome(rule: Rule, key: str, default: Action) -> str:
    written: Action | None = getattr(rule.then, key)
    return (default if written is None else written).name.lower()


def source_title(source: str, language: str) -> str:
    """A base by its own name."""
    if source in SOURCES:
        return SOURCES[source].get(language)
    return source.removeprefix("knowledge/")
