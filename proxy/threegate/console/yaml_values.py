"""Plain values and YAML nodes: texts and lists set in place, with quotes if a reader might take a
text for something else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import SingleQuotedScalarString

from threegate.console.errors import refusal

Value = TypeVar("Value")


def texts(value: Any) -> list[str]:
    """A value that may be one text, a list of them, or missing."""
    if value is None:
        return []
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


def insert_before_rules(document: CommentedMap, name: str, value: Any) -> None:
    """Adds a section of a pack before its rules, or at its end."""
    at = list(document).index("rules") if "rules" in document else len(document)
    document.insert(at, name, value)


def ticked(form: Mapping[str, str], group: str) -> list[str]:
    """The ticked boxes of a group: `group.name: on`."""
    head = group + "."
    return [
        name.removeprefix(head) for name, value in form.items() if name.startswith(head) and value
    ]


def lines(form: Mapping[str, str], name: str) -> list[str]:
    """The lines of a text area: each once, trimmed."""
    lines = (line.strip() for line in form.get(name, "").split("\n"))
    return list(dict.fromkeys(line for line in lines if line))


def check_one_column(text: str) -> None:
    """Raises ConsoleError for a line of several cells, as a spreadsheet pastes them: taken as one
    word, no text would ever hold it."""
    for number, line in enumerate(text.splitlines(), start=1):
        if "\t" in line.strip():
            raise refusal("pasted-columns", line=number)


def set_text(target: CommentedMap, key: str, value: str, *, drop: bool = False) -> None:
    """Sets a text with the quotes it needs; an unchanged one keeps its own. `drop`: an empty one
    removes the key."""
    if str(target.get(key, "")) == value:
        return
    if drop and not value:
        target.pop(key, None)
    else:
        target[key] = quoted(value)


def put_plain(target: CommentedMap, key: str, value: str | int, default: str | int) -> None:
    """Sets a value that needs no quotes; a default that is not written stays unwritten."""
    if target.get(key, default) != value:
        target[key] = value


def set_list(target: CommentedMap, key: str, values: list[str], *, keep_empty: bool = True) -> None:
    """Sets a list in its existing order; new items go last. Comments are kept."""
    old = texts(target.get(key))
    values = [v for v in old if v in values] + [v for v in values if v not in old]
    if values == old and (values or key in target or not keep_empty):
        return
    if values or keep_empty:
        target[key] = flow(CommentedSeq([quoted(v) for v in values]))
    else:
        target.pop(key, None)


def flow(value: Value) -> Value:
    """A mapping or list in flow style on one line; anything else unchanged."""
    if isinstance(value, CommentedMap | CommentedSeq):
        value.fa.set_flow_style()
    return value


_PLAIN = re.compile(r"[^\W\d_](?:[\w ./@()。，！？、；：“”（）-]*[\w.)。！？”）])?")
_WORDS = ("on", "off", "yes", "no", "true", "false", "null", "y", "n", "nan", "inf")


def quoted(value: str) -> str:
    """Adds quotes around anything that a YAML reader might take for something other than text."""
    safe = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
    return value if safe else SingleQuotedScalarString(value)


def written(value: Any) -> Any:
    """Plain data in the YAML writer's types."""
    match value:
        case str():
            return quoted(value)
        case Mapping():
            return CommentedMap({key: written(inner) for key, inner in value.items()})
        case list():
            return CommentedSeq([written(inner) for inner in value])
    return value
