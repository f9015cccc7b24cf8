"""The fact-check part of a rule's form: sources, levels, and actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ruamel.yaml.comments import CommentedMap

from threegate.console.yaml_values import flow, put_plain, set_list, texts, ticked
from threegate.policy.schema import ClaimsSpec

OUTCOMES = ("on_contradicted", "on_unsupported", "on_no_source")
SURENESS = {"contradicted": "medium", "unsupported": "high"}
"""Levels with their defaults."""
SOURCES = ClaimsSpec().sources


def is_fact_check(rule: CommentedMap) -> bool:
    return isinstance((rule.get("detect") or {}).get("claims"), Mapping)


def read_claims(rule: CommentedMap) -> dict[str, Any]:
    """`claims` is empty for a rule without a fact check."""
    if not is_fact_check(rule):
        return {"claims": {}}
    claims, then = rule["detect"]["claims"], rule.get("then") or {}
    levels = {name: str(claims.get(name, default)) for name, default in SURENESS.items()}
    outcomes = {name: str(then.get(name, "")) for name in OUTCOMES}
    sources = texts(claims.get("sources")) if "sources" in claims else list(SOURCES)
    more = {"cite": bool(claims.get("cite")), "option_annotate": _shown(then)}
    return {"claims": {"sources": sources, **more, **levels, **outcomes}}


def write_claims(rule: CommentedMap, form: Mapping[str, str]) -> None:
    """Writes the fields of a fact check into its rule; a default that is not written stays
    unwritten."""
    claims, then = rule["detect"]["claims"], rule["then"]
    sources = ticked(form, "source")
    if sources != list(SOURCES) or "sources" in claims:
        set_list(claims, "sources", sources)
    for name, default in SURENESS.items():
        put_plain(claims, name, form.get(name) or default, default)
    put_plain(claims, "cite", bool(form.get("cite")), False)
    for name in OUTCOMES:
        put_plain(then, name, form.get(name) or str(then.get(name, "")), "")
    _write_note(then, form)


def _write_note(then: CommentedMap, form: Mapping[str, str]) -> None:
    """`annotate` says how outcomes annotate; without one that does it would have no effect."""
    annotates = any(then.get(name) == "annotate" for name in OUTCOMES)
    wanted = form.get("option_annotate", _shown(then)) if annotates else ""
    if wanted == _shown(then):
        return
    if wanted == "below":
        then["annotate"] = flow(CommentedMap({"show": "below"}))
    else:
        then.pop("annotate", None)


def _shown(then: Mapping[str, Any]) -> str:
    annotate = then.get("annotate")
    return str(annotate.get("show", "data")) if isinstance(annotate, Mapping) else ""
