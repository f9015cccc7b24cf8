"""Word lists, curated replies and whole policies as uploaded files: tables, texts, archives.

Pure. File names are checked here before anything is created from user input. Spreadsheet programs
run cells that begin like a formula, so such cells are exported with a leading apostrophe and
imported without it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from zipfile import ZIP_DEFLATED, ZipFile

from threegate.audit.export.formats import FORMULA
from threegate.console.errors import refusal
from threegate.console.forms.rule_form import define, dumped, opened
from threegate.console.yaml_values import check_one_column
from threegate.i18n.catalog import texts
from threegate.policy.language.load import MAX_TEXT_BYTES, Bundle, answer_paths, load_text
from threegate.policy.language.wordlist import list_file
from threegate.policy.schema import Rule
from threegate.types import Bilingual
from threegate.zip_files import UNREADABLE

NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
ANSWER = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
FILE = re.compile(
    r"(packs/[a-z0-9][a-z0-9._-]*\.yaml|lists/[A-Za-z0-9._-]+\.txt"
    r"|answers/[A-Za-z0-9._-]+\.(md|txt|json)|knowledge/[^\W_][\w.-]*\.(md|txt|json))"
)
MAX_FILES = 500
_WORD = ("词", "词语", "敏感词", "关键词", "词条", "文字", "word", "words", "term", "keyword")
COLUMN_TITLES = texts("console", "table_columns")
_TITLED = {
    name.lower(): code for code, title in COLUMN_TITLES.items() for name in (title.zh, title.en)
}
HEADINGS = {**_TITLED, **dict.fromkeys(_WORD, "text"), "内容": "content"}
_COMMENT = re.compile(r"#+(\s|$)")


@dataclass(frozen=True, slots=True)
class ListView:
    """One word list of a pack. `file` is empty if its words are written in the pack."""

    name: str
    pack: str
    file: str
    match: str
    words: tuple[str, ...] = field(repr=False)
    used: tuple[str, ...] = ()
    """Ids of the rules that look for it."""
    title: Bilingual | None = None


def lists_of(bundle: Bundle) -> list[ListView]:
    found = []
    for pack in bundle.packs:
        for name, spec in pack.lists.items():
            words = bundle.words(spec.file) if spec.file else tuple(str(w) for w in spec.words)
            used = _users(bundle, f"list.{name}")
            file = str(spec.file or "")
            found.append(
                ListView(str(name), pack.pack, file, str(spec.match), words, used, spec.title)
            )
    return found


def _users(bundle: Bundle, kind: str) -> tuple[str, ...]:
    every = (rule for pack in bundle.packs for rule in pack.rules if isinstance(rule, Rule))
    return tuple(r.id for r in every if kind in (*r.detect.any, *r.detect.all, *r.detect.none))


def with_list(text: str, found: ListView) -> str:
    """The pack with a list defined or changed: in its file, or with its words in the pack. Raises
    ConsoleError."""
    document = opened(text)
    title = {"title": {"zh": found.title.zh, "en": found.title.en}} if found.title else {}
    spec = {"file": found.file} if found.file else {"words": list(found.words)}
    listed = define(document, "lists", found.name, {**title, **spec, "match": found.match})
    if not title:
        listed.pop("title", None)
    return dumped(document)


def words_file(old: str, words: Iterable[str], by: str) -> str:
    """The text of a list's file; comments at its top are kept."""
    head = []
    for line in old.splitlines():
        if line.strip() and not line.startswith("#"):
            break
        head.append(line)
    if not any(head):
        return list_file(words, f"edited in the console by {by}")
    return "\n".join([*head, *words]) + "\n"


def lines_of(text: str) -> tuple[str, ...]:
    """Words of a text area: one per line, each once, in order, with single spaces; a hashtag loses
    its `#`, which would make it a comment in the file. Raises ConsoleError for rows of a table."""
    check_one_column(text)
    lines = (" ".join(line.split()) for line in text.splitlines())
    words = (line.lstrip("#") for line in lines if not _COMMENT.match(line))
    return tuple(dict.fromkeys(word for word in words if word))


# --- tables


def table(header: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    """CSV with a byte order mark, which spreadsheet programs need to see UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return "\ufeff" + out.getvalue()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith((*FORMULA, "'")) else cell


def table_rows(content: str, header: tuple[str, ...]) -> dict[int, dict[str, str]]:
    """Rows by the names of `header`, under their numbers in a spreadsheet; without a header line
    the first column is the first name. Raises ConsoleError, also for bytes of a workbook or picture
    and for UTF-16 without a mark (all of them hold NUL), and for several columns if one is wanted
    and none has its name."""
    if "\0" in content:
        raise refusal("table")
    lines = dict(enumerate(_cells(content.removeprefix("\ufeff")), 1))
    first = [_heading(cell) for cell in lines.get(1, [])]
    names = first if header[0] in first else list(header)
    if names is not first and len(header) == 1 and any(any(row[1:]) for row in lines.values()):
        raise refusal("columns")
    if names is first:
        del lines[1]
    return {
        number: {name: _plain(cell) for name, cell in zip(names, row, strict=False)}
        for number, row in lines.items()
        if row
    }


def unread(content: str, header: tuple[str, ...]) -> list[str]:
    """Named columns of a table that are not read, so that they do not go unnoticed."""
    first = next(iter(_cells(content.removeprefix("\ufeff"))), [])
    known = [_heading(cell) in header for cell in first]
    return [
        cell.strip() for cell, read in zip(first, known, strict=True) if not read and any(known)
    ]


def _heading(cell: str) -> str:
    """The name of a column, which a user's own table may word differently."""
    name = " ".join(cell.strip().lower().split())
    return HEADINGS.get(name, name)


def _cells(content: str) -> list[list[str]]:
    """Of a CSV, or of what a spreadsheet pastes, which has tabs between its cells."""
    csv.field_size_limit(MAX_TEXT_BYTES)  # a cell may be a whole document
    first = content.lstrip().partition("\n")[0]
    delimiter = "\t" if "\t" in first and "," not in first else ","
    try:
        return list(csv.reader(io.StringIO(content, newline=None), delimiter=delimiter))
    except csv.Error:
        raise refusal("table") from None


def _plain(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith((*FORMULA, "'")) else cell


# --- curated replies


def answer_users(bundle: Bundle, name: str) -> tuple[str, ...]:
    every = (rule for pack in bundle.packs for rule in pack.rules if isinstance(rule, Rule))
    return tuple(r.id for r in every if r.then.answer and r.then.answer.use == name)


def paths_of(name: str) -> tuple[str, str]:
    """The files of a reply. Raises ConsoleError for an invalid name."""
    if not ANSWER.fullmatch(name):
        raise refusal("name")
    return answer_paths(name)


# --- a whole policy


def archive(files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as made:
        for path in sorted(files):
            made.writestr(path, files[path])
    return out.getvalue()


def unpacked(content: bytes, name: str) -> dict[str, str]:
    """The policy files of an archive, or one pack. Raises ConsoleError `upload` if it is neither,
    contains something else, or is too large when unpacked."""
    if name.endswith((".yaml", ".yml")):
        pack, _ = load_text(content, name)
        if pack is None:
            raise refusal("upload")
        return {f"packs/{pack.pack}.yaml": _text(content)}
    try:
        with ZipFile(io.BytesIO(content)) as opened_zip:
            return _entries(opened_zip)
    except UNREADABLE:
        raise refusal("upload") from None


def _entries(found: ZipFile) -> dict[str, str]:
    infos = [info for info in found.infolist() if not info.is_dir()]
    size = sum(info.file_size for info in infos)
    if not infos or len(infos) > MAX_FILES or size > MAX_TEXT_BYTES:
        raise refusal("upload")
    if not all(FILE.fullmatch(i.filename) or i.filename == "packs.txt" for i in infos):
        raise refusal("upload")
    texts = {info.filename: _text(_read(found, info.filename)) for info in infos}
    if not all(ANSWER.fullmatch(name) for name in texts.get("packs.txt", "").split()):
        raise refusal("upload")
    return texts


def _read(found: ZipFile, name: str) -> bytes:
    """Reads no more than the declared size, because the directory of an archive may lie."""
    with found.open(name) as file:
        content = file.read(MAX_TEXT_BYTES + 1)
    if len(content) > MAX_TEXT_BYTES:
        raise refusal("upload")
    return content


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refusal("upload") from None
