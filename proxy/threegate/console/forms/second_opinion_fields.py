"""The second-opinion part of a rule's form: which judge is asked about which findings, and what
happens if it does not answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ruamel.yaml.comments import CommentedMap

from threegate.console.errors import refusal
from threegate.console.yaml_values import flow, put_plain, set_list, set_text, texts, ticked
from threegate.policy.model import SecondOpinion

DEFAULT = SecondOpinion(ask="")
LEVELS = [level.name.lower() for level in DEFAULT.levels]
CONFIRM = DEFAULT.confirm.name.lower()
UNANSWERED = ("on_timeout", "on_error")
KEY = "second_opinion"


def read_opinion(rule: CommentedMap) -> dict[str, Any]:
    """`opinion` has the defaults for a rule that asks nobody."""
    spec = rule.get(KEY) or {}
    answers = {name: str(spec.get(name) or "") for name in UNANSWERED}
    return {
        "opinion": {
            "ask": str(spec.get("ask", "")),
            "levels": texts(spec.get("levels")) if "levels" in spec else LEVELS,
            "confirm": str(spec.get("confirm", CONFIRM)),
            "seconds": _seconds(spec),
            **answers,
        }
    }


def _seconds(spec: Mapping[str, Any]) -> str:
    return f"{spec.get('deadline_ms', DEFAULT.deadline_ms) / 1000:g}"


def write_opinion(rule: CommentedMap, form: Mapping[str, str]) -> None:
    """Raises ConsoleError. A form without the field leaves the rule as it is."""
    ask = form.get("opinion_ask")
    if ask is None:
        return
    if not ask:
        rule.pop(KEY, None)
        return
    spec = rule.get(KEY)
    if not isinstance(spec, CommentedMap):
        spec = flow(CommentedMap())
        rule.insert(list(rule).index("then") + 1, KEY, spec)
    _write(spec, form)


def _write(spec: CommentedMap, form: Mapping[str, str]) -> None:
    set_text(spec, "ask", form["opinion_ask"])
    levels = ticked(form, "opinion_level")
    if levels != LEVELS or "levels" in spec:
        set_list(spec, "levels", levels)
    put_plain(spec, "confirm", form.get("opinion_confirm") or CONFIRM, CONFIRM)
    if form.get("opinion_seconds", _seconds(spec)) != _seconds(spec):
        put_plain(spec, "deadline_ms", _milliseconds(form["opinion_seconds"]), DEFAULT.deadline_ms)
    for name in UNANSWERED:
        set_text(spec, name, form.get(f"opinion_{name}", ""), drop=True)


def _milliseconds(text: str) -> int:
    try:
        return round(float(text) * 1000)
    except (ValueError, OverflowError):
        raise refusal("number") from None
