"""Three versions of one file merged piece by piece: a rule, a word list, a detector, a line of a
word list.

Pure text work, so every comment and quote survives. A piece that only one side changed is taken
from that side; one that both changed differently is a conflict, and somebody chooses. A file is cut
by indentation, without a YAML reader, so a draft with errors merges too; cutting an unusual file
badly only makes the pieces larger.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

MINE, THEIRS = "mine", "theirs"
PARTS = ("lists", "detectors", "knowledge")
"""Top-level mappings whose entries are pieces of their own."""
_TOP = re.compile(r"([A-Za-z_]+):")
_ITEM = re.compile(r"( *)- ")
_CHILD = re.compile(r"( +)([A-Za-z0-9_.-]+):")
_ID = re.compile(r"^\s*(?:- )?id:\s*['\"]?([^\s'\"#,}]+)", re.M)


@dataclass(frozen=True, slots=True)
class Conflict:
    """One piece that both sides changed; an empty text means that the side removed it."""

    key: str
    base: str
    mine: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Merged:
    """`taken` are the keys of pieces that only the other side changed."""

    text: str
    conflicts: tuple[Conflict, ...]
    taken: tuple[str, ...]


def merge(
    path: str, base: str, mine: str, theirs: str, choices: Mapping[str, str] | None = None
) -> Merged:
    """Both sides' changes since `base`. `choices` settles conflicts by key: mine or theirs; an
    unresolved conflict keeps my piece and is listed."""
    chosen, old = choices or {}, pieces(path, base)
    ours, others = pieces(path, mine), pieces(path, theirs)
    kept: dict[str, str] = {}
    conflicts, taken = [], []
    for key in _order(ours, others):
        b, m, t = (side.get(key, "") for side in (old, ours, others))
        if m == t or t == b:
            kept[key] = m
        elif m == b:
            kept[key] = t
            taken.append(key)
        else:
            kept[key] = t if chosen.get(key) == THEIRS else m
            if key not in chosen:
                conflicts.append(Conflict(key, b, m, t))
    return Merged("".join(_ended(kept)), tuple(conflicts), tuple(taken))


def _ended(kept: Mapping[str, str]) -> Iterator[str]:
    """Joins the pieces; the last one of a file may lack its line break."""
    parts = [text for text in kept.values() if text]
    for part in parts[:-1]:
        yield part if part.endswith("\n") else part + "\n"
    yield from parts[-1:]


def _order(mine: Mapping[str, str], theirs: Mapping[str, str]) -> list[str]:
    """The other side's order; pieces that only I have follow what they followed in mine."""
    following: dict[str | None, list[str]] = {None: []}
    last = None
    for key in mine:
        if key in theirs:
            last = key
        else:
            following.setdefault(last, []).append(key)
    return [*following[None], *(k for key in theirs for k in (key, *following.get(key, ())))]


def pieces(path: str, text: str) -> dict[str, str]:
    """The file cut up; the pieces put together are the file."""
    if path.endswith(".yaml"):
        return _named(_pack_pieces(text))
    if path.endswith(".txt"):
        return _named((line.strip(), line) for line in text.splitlines(keepends=True))
    return {"": text} if text else {}


def piece_at(text: str, line: int) -> str:
    """The part of the pack that holds a line: `detectors/x` of a definition, else empty."""
    before = 0
    for key, part in pieces("pack.yaml", text).items():
        before += part.count("\n")
        if line <= before:
            return key if "/" in key else ""
    return ""


def _named(found: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A repeated key gets a number, so that nothing is lost."""
    named: dict[str, str] = {}
    times: Counter[str] = Counter()
    for key, text in found:
        unique = key
        while unique in named:
            times[key] += 1
            unique = f"{key}#{times[key] + 1}"
        named[unique] = text
    return named


def _pack_pieces(text: str) -> Iterator[tuple[str, str]]:
    """Comments and blank lines belong to the piece below them."""
    lines = text.splitlines(keepends=True)
    found = [(above(lines, n), key) for n, key in _starts(lines)]
    cuts = [(0, ""), *found] if not found or found[0][0] else found
    ends = [n for n, _ in cuts[1:]] + [len(lines)]
    for (begin, key), end in zip(cuts, ends, strict=True):
        part = "".join(lines[begin:end])
        yield f"rules/{_rule_id(part)}" if key == "rules/" else key, part


def _starts(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Line and key of each piece; entries of one part share the indentation of its first."""
    part, indent = "", -1
    for n, line in enumerate(lines):
        if top := _TOP.match(line):
            part, indent = top[1], -1
            yield n, part
            continue
        entry = _ITEM.match(line) if part == "rules" else _CHILD.match(line)
        if entry and part in (*PARTS, "rules") and indent in (-1, len(entry[1])):
            indent = len(entry[1])
            yield n, "rules/" if part == "rules" else f"{part}/{entry[2]}"


def above(lines: list[str], n: int) -> int:
    while n and (not lines[n - 1].strip() or lines[n - 1].lstrip().startswith("#")):
        n -= 1
    return n


def _rule_id(part: str) -> str:
    found = _ID.search(part)
    return found[1] if found else "?"
