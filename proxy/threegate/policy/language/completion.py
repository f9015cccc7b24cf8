"""What can be written at a place in a pack: keys, values, kinds and reasons, each with its title.
The text is being typed and need not parse: the place is found by lines and indentation, and within
a line by brackets. The JSON Schema says what fits there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from threegate.policy.compliance.taxonomy import TAXONOMIES
from threegate.policy.kinds import KIND_INFOS
from threegate.policy.language.schema_json import schema_json
from threegate.types import Bilingual

ITEM = "[]"
MAX_CHOICES = 40
_LINE = re.compile(r"(?P<indent> *)(?P<dashes>(?:- +)*)(?P<rest>.*)")
_KEY = re.compile(r"(?P<key>[\w.-]+):(?: +(?P<value>.*))?$")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_KIND_KEYS = frozenset({"any", "all", "none", "kinds", "levels"})
_OWN_KINDS = {"lists": "list", "detectors": "pattern"}


UNTITLED = Bilingual("", "")


@dataclass(frozen=True, slots=True)
class Choice:
    text: str
    title: Bilingual = UNTITLED


@dataclass(frozen=True, slots=True)
class CompletionSite:
    """The keys from the top of the pack (`[]` for a list item); `word` is what has been typed so
    far. `key`: a mapping key is expected, else a value."""

    path: tuple[str, ...]
    word: str
    key: bool


def complete(text: str, line: int, column: int) -> tuple[Choice, ...]:
    """Choices at a place (lines and columns from 1, in characters), those that begin with the typed
    text first."""
    lines = text.split("\n")[:line]
    place = place_of(lines, column)
    if place is None:
        return ()
    constrains = _constrains(lines, text.split("\n")[line:])
    found = _choices(place, constrains, text)
    word = place.word.lower()
    fits = [c for c in found if word in c.text.lower() and c.text != place.word]
    return tuple(sorted(fits, key=lambda c: not c.text.lower().startswith(word))[:MAX_CHOICES])


def describe(text: str, line: int, column: int, word: str) -> Bilingual:
    """The meaning of the word that begins at a place; empty if nothing of that name fits."""
    lines = text.split("\n")[:line]
    place = place_of(lines, column)
    if place is None:
        return UNTITLED
    found = _choices(place, _constrains(lines, text.split("\n")[line:]), text)
    return next((c.title for c in found if c.text == word), UNTITLED)


def place_of(lines: list[str], column: int) -> CompletionSite | None:
    """None inside a comment or a quoted text."""
    current = _parsed(lines[-1][: column - 1])
    rest = current["rest"]
    if rest.startswith("#"):
        return None
    return _inside(_above(lines[:-1], current), rest)


def _parsed(line: str) -> dict[str, str]:
    found = _LINE.match(line)
    assert found is not None
    return found.groupdict()


def _above(before: list[str], current: dict[str, str]) -> tuple[str, ...]:
    """The keys that enclose a line. Each line closes the levels that do not begin further left. A
    list item is a level at the column of its dash, where the key that holds the list may be, too.
    """
    levels: list[tuple[int, str]] = []
    for line in (*filter(_is_content, map(_parsed, before)), current):
        start = len(line["indent"])
        if line["dashes"]:
            levels = [
                (at, name) for at, name in levels if at < start or (at == start and name != ITEM)
            ]
            levels.append((start, ITEM))
        start += len(line["dashes"])
        key = _KEY.match(line["rest"])
        levels = [(at, name) for at, name in levels if at < start]
        levels.append((start, key["key"] if key else "?"))
    return tuple(name for _, name in levels[:-1])


def _is_content(line: dict[str, str]) -> bool:
    return bool(line["rest"]) and not line["rest"].startswith("#")


def _inside(above: tuple[str, ...], rest: str) -> CompletionSite | None:
    """The place at the end of a line's beginning."""
    if rest[:1] in ("{", "["):
        return _in_flow(above, rest)
    if key := _KEY.match(rest):
        return _in_flow((*above, key["key"]), key["value"]) if key["value"] is not None else None
    return CompletionSite(above, rest, True) if re.fullmatch(r"[\w.-]*", rest) else None


def _in_flow(path: tuple[str, ...], value: str) -> CompletionSite | None:
    """The place at the end of a value, which may have opened brackets."""
    frames = _frames(value)
    if not frames:
        return CompletionSite(path, value, False) if not set(value) & set("'\"") else None
    for bracket, name in frames[:-1]:
        path = (*path, ITEM if bracket == "[" else name)
    bracket, word = frames[-1]
    if bracket == "[":
        return CompletionSite((*path, ITEM), word, False)
    name, colon, typed = word.partition(":")
    return (
        CompletionSite((*path, name), typed.strip(), False)
        if colon
        else CompletionSite(path, word, True)
    )


def _frames(value: str) -> list[tuple[str, str]]:
    """The brackets that are still open, each with the text after its last comma; for enclosing
    brackets, the key."""
    frames: list[tuple[str, str]] = []
    for char in _QUOTED.sub("", value):
        bracket, word = frames[-1] if frames else ("", "")
        if char in "{[":
            frames[-1:] = [(bracket, word.partition(":")[0].strip())] if frames else []
            frames.append((char, ""))
        elif char in "}]" and frames:
            frames.pop()
        elif frames:
            frames[-1] = (bracket, "" if char == "," else (word + char).lstrip())
    return frames


def _choices(place: CompletionSite, constrains: bool | None, text: str) -> Iterator[Choice]:
    nodes = _at(place.path, constrains)
    last = next((p for p in reversed(place.path) if p != ITEM), "")
    if place.key:
        for node in nodes:
            for name, about in node.get("properties", {}).items():
                zh, _, en = about.get("description", "").partition(" / ")
                yield Choice(name, Bilingual(zh, en))
        if last == "levels":
            yield from _kinds(text)
    elif last in _KIND_KEYS - {"levels"}:
        yield from _kinds(text)
    elif last == "why":
        yield from _reasons()
    else:
        yield from _values(nodes)


def _values(nodes: Iterable[dict[str, Any]]) -> Iterator[Choice]:
    for node in nodes:
        yield from (Choice(str(value)) for value in node.get("enum", ()))
        if node.get("type") == "boolean":
            yield from (Choice("true"), Choice("false"))


def _kinds(text: str) -> Iterator[Choice]:
    """The project's kinds and those of the pack's own lists and detectors."""
    for own, family in _OWN_KINDS.items():
        block = re.search(rf"^{own}:\n((?:[ #].*\n|\n)*)", text, re.M)
        names = re.findall(r"^  ([\w-]+):", block[1], re.M) if block else []
        yield from (Choice(f"{family}.{name}") for name in names)
    for info in KIND_INFOS:
        yield Choice(info.kind, info.title)


def _reasons() -> Iterator[Choice]:
    for taxonomy in TAXONOMIES:
        yield from (Choice(each.id, each.title) for each in taxonomy.categories)


def _constrains(before: list[str], after: list[str]) -> bool | None:
    """Whether the surrounding rule belongs to the constraint layer; None: not decided yet."""
    start = next((n for n in range(len(before) - 1, -1, -1) if before[n].startswith("  - ")), 0)
    end = next((n for n, line in enumerate(after) if line.startswith(("  - ", "rules"))), None)
    layer = re.search(r"^ *(?:- )?layer: *(\w+)", "\n".join([*before[start:], *after[:end]]), re.M)
    return layer[1] == "constraint" if layer else None


@cache
def _schema() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(schema_json())
    return made


def _at(path: tuple[str, ...], constrains: bool | None) -> list[dict[str, Any]]:
    """The schema's nodes at a path."""
    nodes = [*_opened(_schema(), constrains)]
    for step in path:
        below = [n for node in nodes for n in _below(node, step)]
        nodes = [n for node in below for n in _opened(node, constrains)]
    return nodes


def _below(node: dict[str, Any], step: str) -> Iterator[dict[str, Any]]:
    if step == ITEM:
        yield from (n for n in [node.get("items")] if n)
    elif step in node.get("properties", {}):
        yield node["properties"][step]
    elif isinstance(node.get("additionalProperties"), dict):
        yield node["additionalProperties"]


def _opened(node: dict[str, Any], constrains: bool | None) -> Iterator[dict[str, Any]]:
    """The node after following references and alternatives."""
    if "$ref" in node:
        yield from _opened(_schema()["$defs"][node["$ref"].rpartition("/")[2]], constrains)
    elif "oneOf" in node:
        for each in node["oneOf"]:
            yield from _opened(each, constrains)
    elif "if" in node:
        sides = {True: ["then"], False: ["else"], None: ["else", "then"]}[constrains]
        for side in sides:
            yield from _opened(node[side], constrains)
    else:
        yield node
