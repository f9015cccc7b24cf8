"""The form of who gets which packs: rows read from the bindings of all packs, and written back.
Untouched bindings keep every character, also where they move, and take the comments above them
along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import count

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from threegate.console.forms.rule_form import dumped, looked_at, opened
from threegate.console.pack_merge import above, pieces
from threegate.console.yaml_values import flow, lines, set_list, set_text, texts, ticked
from threegate.policy.model import Selector

LISTS = ("tenants", "keys", "models", "also")
KEY = "bindings"
_ITEM = re.compile(r"  - ")


@dataclass(frozen=True, slots=True)
class BindingRow:
    """`file` and `number` are its pack and its place there; a new one has none. `everybody`: it
    names no caller, and that is meant."""

    file: str = ""
    number: int = -1
    pack: str = ""
    everybody: bool = False
    tenants: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    route: str = ""
    also: tuple[str, ...] = ()

    @property
    def named(self) -> bool:
        return bool(self.tenants or self.keys or self.models or self.route)

    @property
    def selector(self) -> Selector:
        route = (self.route,) if self.route else ()
        return Selector(tenant=self.tenants, key=self.keys, model=self.models, route=route)

    @property
    def faults(self) -> dict[str, str]:
        """The error of each field that is not filled in well, by its code in `errors`."""
        found = {"pack": "" if self.pack else "binding-pack"}
        found["who"] = "" if self.named or self.everybody else "binding-nobody"
        found["who"] = "binding-both" if self.named and self.everybody else found["who"]
        found["route"] = "binding-route" if self.route and self.route[0] != "/" else ""
        return {field: code for field, code in found.items() if code}


def written_rows(name: str, text: str) -> list[BindingRow]:
    """Raises ConsoleError for YAML with errors."""
    specs = looked_at(text).get(KEY) or ()
    return [_row(name, n, spec) for n, spec in enumerate(specs) if isinstance(spec, Mapping)]


def _row(name: str, number: int, spec: Mapping[str, object]) -> BindingRow:
    tenants, keys, models, also = (tuple(texts(spec.get(key))) for key in LISTS)
    route, pack = (str(spec.get(key) or "") for key in ("route", "pack"))
    row = BindingRow(name, number, pack, False, tenants, keys, models, route, also)
    return replace(row, everybody=not row.named)


def given_rows(form: Mapping[str, str], files: Iterable[str]) -> list[BindingRow]:
    """The rows of a form, in its order; `files` have bindings."""
    total = next(n for n in count() if f"{n}.pack" not in form)
    return [_given(form, f"{n}.", frozenset(files)) for n in range(total)]


def _given(form: Mapping[str, str], at: str, files: frozenset[str]) -> BindingRow:
    file, _, number = form.get(f"{at}was", "").rpartition(":")
    was = (file, int(number)) if file in files and number.isdecimal() else ("", -1)
    given = {key: [*ticked(form, at + key), *lines(form, at + key)] for key in LISTS}
    tenants, keys, models, also = (tuple(dict.fromkeys(values)) for values in given.values())
    route, pack = (form.get(at + key, "").strip() for key in ("route", "pack"))
    return BindingRow(*was, pack, f"{at}all" in form, tenants, keys, models, route, also)


def changed_rows(rows: list[BindingRow], do: str) -> list[BindingRow]:
    """The rows after a button: `add`, or `up`, `down` and `remove` with a number."""
    verb, _, number = do.partition(".")
    if verb == "add":
        last = bool(rows) and rows[-1].everybody  # below it no binding is tried
        return [*rows[: len(rows) - last], BindingRow(), *rows[len(rows) - last :]]
    at = int(number) if number.isdecimal() else len(rows)
    to = {"up": at - 1, "down": at + 1, "remove": at}.get(verb, -1)
    if not (0 <= at < len(rows) and 0 <= to < len(rows)):
        return rows
    rest = [*rows[:at], *rows[at + 1 :]]
    return rest if verb == "remove" else [*rest[:to], rows[at], *rest[to:]]


def by_file(rows: Iterable[BindingRow], files: list[str]) -> dict[str, list[BindingRow]]:
    """Each row in its file, or, where the order asks for it, in a later one: bindings are tried
    file by file."""
    found: dict[str, list[BindingRow]] = {name: [] for name in files}
    at = 0
    for row in rows:
        at = max(at, files.index(row.file) if row.file else 0)
        found[files[at]].append(row)
    return found


def with_bindings(name: str, text: str, rows: Iterable[BindingRow]) -> str:
    """The pack with these bindings. Raises ConsoleError."""
    rows, document = list(rows), opened(text)
    if rows == written_rows(name, text):
        return text
    if isinstance(document.get(KEY), CommentedSeq):
        document[KEY].fa.set_block_style()
    parts = pieces("pack.yaml", dumped(document))
    head, items = _cut(parts.get(KEY, f"{KEY}:\n"))
    old = {(row.file, row.number): row for row in written_rows(name, text)}
    entries = [_entry(row, old, items) for row in rows]
    parts[KEY] = "".join([head, *entries]) if entries else ""
    return "".join(parts.values())


def _cut(piece: str) -> tuple[str, list[str]]:
    """The key, and its items with the comments above each."""
    every = piece.splitlines(keepends=True)
    starts = [above(every, n) for n, line in enumerate(every) if _ITEM.match(line)]
    if not starts:
        return f"{KEY}:\n", []
    ends, head = [*starts[1:], len(every)], "".join(every[: starts[0]])
    return head, ["".join(every[a:b]) for a, b in zip(starts, ends, strict=True)]


def _entry(row: BindingRow, old: Mapping[tuple[str, int], BindingRow], items: list[str]) -> str:
    known = old.get((row.file, row.number))
    if known == row:
        return items[row.number]
    if known is not None:
        document = opened(f"{KEY}:\n{items[row.number]}")
    else:
        document = CommentedMap({KEY: CommentedSeq([flow(CommentedMap())])})
    spec = document[KEY][0]
    set_text(spec, "pack", row.pack)
    set_text(spec, "route", row.route, drop=True)
    for key in LISTS:
        set_list(spec, key, list(getattr(row, key)), keep_empty=False)
    return dumped(document).removeprefix(f"{KEY}:\n")
