"""The guided form of a constraint rule: what layer 2 does to a request, read from the YAML and
written back with every comment kept. Each form field is a line of `ENTRIES`: its place below
`then`, and how its text is read. A field whose text did not change is left alone, so an unchanged
form changes no byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from threegate.console.errors import refusal
from threegate.console.forms import request_lines
from threegate.console.forms.rule_form import part_of
from threegate.console.yaml_values import flow, lines, texts, ticked, written
from threegate.policy.language.shapes import plain

PARAMETERS = (
    "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "n",
    "presence_penalty", "frequency_penalty", "repetition_penalty",
)  # fmt: skip
"""Sampling parameters that the form always shows; a rule's others are shown too."""
BOUNDS = ("min", "max", "default", "force")
NEW_CLAUSES = 1
CLAUSE = re.compile(r"clause\.(\d+)\.text")


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise refusal("number") from None


def _lines(text: str) -> list[str]:
    return lines({"": text}, "")


def _words(text: str) -> dict[str, str]:
    return {name: str(value) for name, value in _values(text).items()}


def _values(text: str) -> dict[str, Any]:
    try:
        found = [request_lines.fields(line) for line in _lines(text)]
    except request_lines.LineError:
        raise refusal("pairs") from None
    return {name: value for pairs in found for name, value in pairs.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """`name` is the form's. `default`: what the form shows if the YAML has no value."""

    name: str
    path: tuple[str, ...]
    read: Callable[[str], Any]
    default: str = ""


ENTRIES = (
    Entry("models_allow", ("models", "allow"), _lines),
    Entry("models_alias", ("models", "alias"), _words),
    Entry("tools_allow", ("tools", "allow"), _lines),
    Entry("tools_deny", ("tools", "deny"), _lines),
    Entry("tools_arguments", ("tools", "arguments"), str),
    Entry("tools_max", ("tools", "max"), _number),
    Entry("tools_bytes", ("tools", "result_bytes"), _number),
    Entry("fields_allow", ("fields", "allow"), _lines),
    Entry("fields_deny", ("fields", "deny"), _lines),
    Entry("fields_force", ("fields", "force"), _values),
    Entry("fields_unknown", ("fields", "unknown"), str),
    Entry("reasoning_show", ("reasoning", "show"), str),
    Entry("reasoning_check", ("reasoning", "check"), str),
    Entry("reasoning_history", ("reasoning", "history"), str),
    Entry("notice_zh", ("reasoning", "notice", "zh"), str),
    Entry("notice_en", ("reasoning", "notice", "en"), str),
    Entry("limits_requests", ("limits", "requests_per_minute"), _number),
    Entry("limits_tokens", ("limits", "tokens_per_minute"), _number),
    Entry("limits_day", ("limits", "tokens_per_day"), _number),
    Entry("limits_at_once", ("limits", "concurrency"), _number),
    Entry("limits_context", ("limits", "context_tokens"), _number),
    Entry("limits_per", ("limits", "per"), str),
    Entry("answer_chars", ("response_format", "max_chars"), _number),
    Entry("answer_says", ("response_format", "must_say"), _lines),
    Entry("answer_invalid", ("response_format", "on_invalid"), str),
    Entry("images", ("images",), str),
    Entry("constitution_file", ("constitution", "file"), str),
    Entry("constitution_place", ("constitution", "place"), str),
)


def entries(then: Mapping[str, Any]) -> Iterator[Entry]:
    yield from ENTRIES
    for parameter in parameters(then):
        for bound in BOUNDS:
            path = ("clamp", parameter, bound)
            yield Entry(f"clamp.{parameter}.{bound}", path, _number)
        yield Entry(f"clamp.{parameter}.drop", ("clamp", parameter, "drop"), bool)


def parameters(then: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*PARAMETERS, *(then.get("clamp") or {})]))


def read_constraint(rule: CommentedMap, language: str) -> dict[str, Any]:
    """Every form field for layer 2."""
    then, tests = part_of(rule, "then"), part_of(rule, "tests")
    part_of(then, "clamp")
    found = {e: [request_lines.shown(t, language) for t in tests.get(e) or ()] for e in _EXPECT}
    return {
        "values": {entry.name: _shown(_at(then, entry.path)) for entry in entries(then)},
        "parameters": list(parameters(then)),
        "clauses": [_clause(c) for c in then.get("clauses") or ()] + [_clause({})] * NEW_CLAUSES,
        "match": "\n".join(line for line in found["match"] if line is not None),
        "no_match": "\n".join(line for line in found["no_match"] if line is not None),
        "more_tests": sum(line is None for each in found.values() for line in each),
    }


_EXPECT = ("match", "no_match")


def _clause(clause: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kinds": texts(clause.get("kinds")),
        "text": str(clause.get("text", "")).strip(),
        "masked": bool(clause.get("masked")),
    }


def _at(then: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if not isinstance(then, Mapping) or key not in then:
            return None
        then = then[key]
    return then


def _shown(value: Any) -> str:
    """A value of the YAML as the text of its field."""
    match value:
        case None:
            return ""
        case bool():
            return "on" if value else ""
        case Mapping():
            pairs = plain(value).items()
            return "\n".join(
                f"{k} = {v if isinstance(v, str) else json.dumps(v)}" for k, v in pairs
            )
        case list():
            return "\n".join(map(str, value))
    return str(value)


def write_constraint(rule: CommentedMap, form: Mapping[str, str]) -> None:
    """Raises ConsoleError."""
    then = rule.get("then")
    if not isinstance(then, CommentedMap):
        then = rule["then"] = CommentedMap()
    for entry in entries(then):
        given = form.get(entry.name, "").strip()
        if given != _shown(_at(then, entry.path)).strip():
            _put(then, entry.path, entry.read(given) if given else None)
    _write_clauses(then, form)
    _write_tests(rule, form)


def _put(target: CommentedMap, path: tuple[str, ...], value: Any) -> None:
    """Sets a value, or removes it together with any mapping that becomes empty."""
    key, *rest = path
    if not rest:
        if value is None:
            target.pop(key, None)
        else:
            target[key] = flow(written(value))
        return
    if key not in target:
        if value is None:
            return
        target[key] = flow(CommentedMap())
    _put(target[key], tuple(rest), value)
    if not target[key]:
        del target[key]


def _write_clauses(then: CommentedMap, form: Mapping[str, str]) -> None:
    numbers = sorted(int(m[1]) for m in map(CLAUSE.fullmatch, form) if m)
    given = [_given_clause(form, n) for n in numbers]
    given = [c for c in given if c["text"]]
    old = [_clause(c) for c in then.get("clauses") or ()]
    if given == old:
        return
    made = CommentedSeq([written({k: v for k, v in c.items() if v}) for c in given])
    if made:
        then["clauses"] = made
    else:
        then.pop("clauses", None)


def _given_clause(form: Mapping[str, str], n: int) -> dict[str, Any]:
    return {
        "kinds": ticked(form, f"clause.{n}.kind"),
        "text": form.get(f"clause.{n}.text", "").strip(),
        "masked": bool(form.get(f"clause.{n}.masked")),
    }


def _write_tests(rule: CommentedMap, form: Mapping[str, str]) -> None:
    """Tests that do not fit on a line follow those of the form."""
    tests = rule.get("tests")
    for expect in _EXPECT:
        old = (tests or {}).get(expect) or []
        try:
            given = [request_lines.read(line) for line in lines(form, expect)]
        except request_lines.LineError:
            raise refusal("pairs") from None
        fit = [plain(t) for t in old if request_lines.shown(t, "en") is not None]
        if given == fit:
            continue
        if not isinstance(tests, CommentedMap):
            tests = rule["tests"] = CommentedMap()
        rest = [t for t in old if request_lines.shown(t, "en") is None]
        tests[expect] = CommentedSeq([*(flow(written(t)) for t in given), *rest])
