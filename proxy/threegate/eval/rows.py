"""Labelled files: JSON lines, gzipped or not, with the field names of the data sets. An unusable
row is counted by its problem and never quoted.
"""

from __future__ import annotations

import gzip
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import orjson
from threegate_classifiers.calibrate import language_of

from threegate.scan.item import LineError, Role, ScanItem

Row = Mapping[str, Any]

_ROLES = {"prompt": Role.USER, "response": Role.ASSISTANT, "tool": Role.TOOL_RESULT}
"""Names of roles in data sets, in addition to our own."""

_YES = frozenset({"1", "true", "compliance"})
_NO = frozenset({"0", "false", "not_jailbroken", "safe_refusal_or_redirect", "refusal"})


@dataclass(frozen=True, slots=True)
class Case:
    item: ScanItem
    source: str
    language: str
    row: Row = field(repr=False)


@dataclass(slots=True)
class Read:
    """`left_out` counts unusable rows by reason."""

    cases: list[Case] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def take(self, row: Row, item_of: Callable[[Row], ScanItem], source: str) -> None:
        """Adds a row, or counts why it is unusable. `source` names rows that name none
        themselves."""
        try:
            item = item_of(row)
        except LineError as error:
            self.left_out[str(error)] += 1
            return
        language = str(row.get("language") or language_of(item.text))
        self.cases.append(Case(item, str(row.get("source") or source), language, row))


def read(
    paths: Sequence[Path], item_of: Callable[[Row], ScanItem], *, held_out: bool = False
) -> Read:
    """All rows of all files, or the development split of them. Raises OSError."""
    made = Read()
    for path in paths:
        for line in _lines(path):
            try:
                row = orjson.loads(line)
                if not held_out or in_split(row):
                    made.take(row, item_of, path.name.split(".")[0])
            except (orjson.JSONDecodeError, AttributeError):
                made.left_out["not a JSON object"] += 1
    return made


def collected(rows: Iterable[Row], item_of: Callable[[Row], ScanItem]) -> Read:
    """Rows that are already in memory."""
    made = Read()
    for row in rows:
        made.take(row, item_of, "rows")
    return made


def in_split(row: Row) -> bool:
    """Whether training leaves the row out: one in eight, keeping all claims on one context
    together."""
    group = str(row.get("context_id") or row.get("id"))
    return hashlib.sha1(group.encode(), usedforsecurity=False).hexdigest()[-1] in "01"


def _lines(path: Path) -> Iterator[bytes]:
    with _open(path) as file:
        yield from (line for line in file if line.strip())


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def text_of(row: Row) -> str:
    text = row.get("text")
    if not isinstance(text, str):
        raise LineError("text: a string is needed")
    return text


def role_of(row: Row) -> Role:
    """The row's own role; third-party content where the fields say so; else the user."""
    given = row.get("role")
    if given in set(Role):
        return Role(given)
    if given in _ROLES:
        return _ROLES[given]
    hints = f"{row.get('subtype')} {row.get('category')} {row.get('source')}"
    third_party = "carrier" in row or "indirect" in hints or "third_party" in hints
    return Role.TOOL_RESULT if third_party else Role.USER


def yes(row: Row) -> bool:
    """The row's label as yes or no. Raises LineError for any other."""
    value = str(row["label_bin"] if "label_bin" in row else row.get("label")).lower()
    if value in _YES:
        return True
    if value in _NO:
        return False
    raise LineError("label: neither yes nor no")
