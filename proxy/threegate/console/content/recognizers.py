"""Recognizers in Presidio's format as a form: patterns and words with their scores, context words
that raise the score of a value, and examples. Written back with every comment kept.

A form's fields are flat texts: the second pattern is `pattern.1.regex`, `pattern.1.score` and
`pattern.1.name`. Keys that the form does not know (`supported_language`) stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from threegate.console.content.own_detectors import users
from threegate.console.errors import refusal
from threegate.console.forms.rule_form import dumped, opened, put
from threegate.console.yaml_values import insert_before_rules, lines, written
from threegate.policy.language.load import Bundle
from threegate.policy.language.recognizers import entity, kind_of
from threegate.policy.language.shapes import plain

SCORES = {"0.9": "high", "0.6": "medium", "0.3": "low"}
"""Scores that the form offers, with the level that they give without a context word."""
ENTITY = re.compile(r"[A-Z][A-Z0-9_]{0,49}")
_PATTERN = re.compile(r"pattern\.(\d+)\.regex")


@dataclass(frozen=True, slots=True)
class OwnRecognizer:
    name: str
    pack: str
    data: Mapping[str, Any] = field(repr=False)
    used: tuple[str, ...] = ()
    """Ids of the rules that look for its kind."""

    @property
    def kind(self) -> str:
        return kind_of(entity(self.data))


def recognizers_of(bundle: Bundle) -> list[OwnRecognizer]:
    return [
        OwnRecognizer(_name(each, n), pack.pack, each, users(bundle, kind_of(entity(each))))
        for pack in bundle.packs
        for n, each in enumerate(pack.recognizers)
    ]


def _name(data: Mapping[str, Any], number: int) -> str:
    """Presidio does not ask for a name."""
    return str(data.get("name") or f"recognizer {number + 1}")


def form_of(found: OwnRecognizer) -> dict[str, str]:
    data, examples = found.data, found.data.get("examples") or {}
    texts = {
        "deny_list": data.get("deny_list"),
        "context": data.get("context"),
        "match": examples.get("match"),
        "no_match": examples.get("no_match"),
    }
    patterns = {
        f"pattern.{n}.{key}": str(pattern.get(key, ""))
        for n, pattern in enumerate(data.get("patterns") or ())
        for key in ("name", "regex", "score")
    }
    form = {"name": found.name, "entity": entity(data), **patterns}
    form["deny_score"] = str(data.get("deny_list_score", "1.0"))
    return form | {key: "\n".join(map(str, values or ())) for key, values in texts.items()}


def rows_of(form: Mapping[str, str]) -> list[dict[str, str]]:
    """The patterns of a form, plus an empty one."""
    numbers = sorted(int(m[1]) for m in map(_PATTERN.fullmatch, form) if m)
    keys = ("name", "regex", "score")
    rows = [{key: form.get(f"pattern.{n}.{key}", "").strip() for key in keys} for n in numbers]
    return [*(r for r in rows if r["regex"]), {"name": "", "regex": "", "score": "0.6"}]


def data_of(form: Mapping[str, str]) -> dict[str, Any]:
    """The recognizer that a form describes. Raises ConsoleError."""
    name, kind = form.get("name", "").strip(), form.get("entity", "").strip().upper()
    rows, words = rows_of(form)[:-1], lines(form, "deny_list")
    if not name or not ENTITY.fullmatch(kind) or not (rows or words):
        raise refusal("recognizer")
    patterns = [
        {"name": r["name"] or f"{name} {n}", "regex": r["regex"], "score": _score(r["score"])}
        for n, r in enumerate(rows, start=1)
    ]
    examples = {key: given for key in ("match", "no_match") if (given := lines(form, key))}
    data = {
        "name": name,
        "supported_entity": kind,
        "patterns": patterns,
        "deny_list": words,
        "deny_list_score": _score(form.get("deny_score") or "1") if words else 1.0,
        "context": lines(form, "context"),
        "examples": examples,
    }
    return {key: value for key, value in data.items() if value and value != 1.0}


def _score(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise refusal("number") from None


def with_recognizer(text: str, was: str, form: Mapping[str, str]) -> str:
    """The pack with a recognizer changed, or a new one if `was` is empty. Raises ConsoleError."""
    data, document = data_of(form), opened(text)
    every = document.get("recognizers")
    if not isinstance(every, CommentedSeq):
        every = CommentedSeq()
        insert_before_rules(document, "recognizers", every)
    names = [_name(each, n) for n, each in enumerate(every)]
    if data["name"] != was and data["name"] in names:
        raise refusal("recognizer")
    if not was:
        every.append(written(data))
        return dumped(document)
    if was not in names:
        raise refusal("missing")
    _update(every[names.index(was)], data)
    return dumped(document)


def _update(target: CommentedMap, data: Mapping[str, Any]) -> None:
    """Sets only what differs."""
    if entity(target) == data["supported_entity"]:
        data = {k: v for k, v in data.items() if k != "supported_entity"}
    else:
        target.pop("supported_entities", None)
    for key in ("deny_list", "deny_list_score", "patterns", "context", "examples"):
        if key not in data and target.get(key) not in (None, [], {}, 1, 1.0):
            del target[key]
    for key, value in data.items():
        if plain(target.get(key)) != value and (key != "name" or "name" in target):
            put(target, key, written(value))


def without_recognizer(text: str, name: str) -> str:
    """Raises ConsoleError."""
    document = opened(text)
    every = document.get("recognizers") or []
    kept = [each for n, each in enumerate(every) if _name(each, n) != name]
    if len(kept) == len(every):
        raise refusal("missing")
    if not kept:
        del document["recognizers"]
        return dumped(document)
    del every[next(n for n, each in enumerate(every) if _name(each, n) == name)]
    return dumped(document)
