from __future__ import annotations

import io
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.console.content.files import (
    MAX_FILES,
    archive,
    lines_of,
    paths_of,
    table,
    table_rows,
    unpacked,
    words_file,
)
from threegate.console.errors import ConsoleError
from threegate.policy.language.load import MAX_TEXT_BYTES

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n"))


@given(st.lists(st.tuples(CELLS, CELLS, CELLS)))
def test_a_table_comes_back_as_it_went(rows: list[tuple[str, str, str]]) -> None:
    names = ("name", "zh", "en")
    back = [tuple(row[n] for n in names) for row in table_rows(table(names, rows), names).values()]
    assert back == rows


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "'=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert f"'{cell}" in table(("text",), [[cell]])


def test_words_without_a_header_are_words() -> None:
    assert table_rows("海燕\n晨星\n", ("text",)) == {1: {"text": "海燕"}, 2: {"text": "晨星"}}


def test_words_are_in_the_column_that_is_named_so() -> None:
    """The running numbers of a list became its words."""
    assert table_rows("序号,词语\n1,海燕\n", ("text",)) == {2: {"序号": "1", "text": "海燕"}}
    assert table_rows("名称,中文\na,甲\n", ("name", "zh", "en"))[2]["zh"] == "甲"
    for several in ("编号,内容\n1,海燕\n", "hello, world\n"):
        with pytest.raises(ConsoleError, match="columns"):
            table_rows(several, ("text",))
    assert table_rows("海燕,\n", ("text",)) == {1: {"text": "海燕"}}


def test_cells_pasted_from_a_spreadsheet_are_apart() -> None:
    """Each row became one word, which no text holds: nothing was masked, and nothing said so."""
    pasted = "产品\t词语\r\nP01\t稳盈宝\r\n"
    assert table_rows(pasted, ("text",)) == {2: {"产品": "P01", "text": "稳盈宝"}}
    with pytest.raises(ConsoleError, match="columns"):
        table_rows("稳盈宝\tP01\n安心存\tP02\n", ("text",))
    with pytest.raises(ConsoleError, match="pasted-columns"):
        lines_of("月月盈\n稳盈宝\tP01\n")
    assert lines_of("\t稳盈宝\t\nBlue  River\n") == ("稳盈宝", "Blue River")


def test_rows_have_their_numbers_in_a_spreadsheet() -> None:
    """They were counted without the header and without empty lines."""
    assert table_rows("text\n\n海燕\n", ("text",)) == {3: {"text": "海燕"}}


@pytest.mark.parametrize("content", ["a\rb\r", 'a\n"' + "x" * 200_000 + '"\n'])
def test_old_line_ends_and_whole_documents_are_read(content: str) -> None:
    """Both ended in an error page without a reason."""
    assert table_rows(content, ("text",))[1]["text"] == "a"


def test_a_table_that_is_none_is_refused() -> None:
    with pytest.raises(ConsoleError, match="table"):
        table_rows("x" * (MAX_TEXT_BYTES + 1), ("text",))


@pytest.mark.parametrize("content", ["PK\x03\x04\x14\x00\x00\n", "t\x00e\x00x\x00t\x00\n"])
def test_a_workbook_or_picture_is_no_table(content: str) -> None:
    """Their bytes became words of the list, reported as imported."""
    with pytest.raises(ConsoleError, match="table"):
        table_rows(content, ("text",))


def test_a_file_keeps_the_comments_at_its_top() -> None:
    old = "# Owner: legal\n# Since 2026\n\na\nb\n"
    assert words_file(old, ["b", "c"], "ann") == "# Owner: legal\n# Since 2026\n\nb\nc\n"
    assert words_file("", ["a"], "ann") == "# edited in the console by ann\na\n"
    assert lines_of("# no\n a \n\nb\na\n") == ("a", "b")
    assert lines_of("#标签\n#\n") == ("标签",)  # a tag is a word; it was dropped unseen


FILES = {"packs/own.yaml": "pack: own\n", "lists/x.txt": "a\n", "packs.txt": "base\nown\n"}


def test_an_archive_comes_back_as_it_went() -> None:
    assert unpacked(archive(FILES), "policy.zip") == FILES


def test_one_pack_by_its_own_name() -> None:
    text = "pack: own\ntitle: {zh: a, en: b}\n"
    assert unpacked(text.encode(), "anything.yaml") == {"packs/own.yaml": text}


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w") as made:
        for name, content in files.items():
            made.writestr(name.replace("__", "/"), content)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"no archive",
        zipped(),
        zipped(**{"packs__..__..__x.yaml": b"x"}),
        zipped(etc__passwd=b"x"),
        zipped(**{"packs__a.yaml": b"\xff\xfe"}),
        zipped(**{"packs.txt": b"../../etc\n"}),
        zipped(**{"lists__a.txt": b"a" * (MAX_TEXT_BYTES + 1)}),
        zipped(**{f"lists__{n}.txt": b"a" for n in range(MAX_FILES + 1)}),
    ],
    ids=["text", "empty", "above", "elsewhere", "bytes", "names", "large", "many"],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(ConsoleError):
        unpacked(content, "policy.zip")


def test_a_damaged_archive_is_refused() -> None:
    whole = archive({name: text * 20 for name, text in FILES.items()})
    refused = 0
    for at in range(0, len(whole), 2):
        try:
            unpacked(whole[:at] + b"\x7f" + whole[at + 1 :], "policy.zip")
        except ConsoleError:
            refused += 1
    assert refused > len(whole) / 4


@pytest.mark.parametrize("name", ["", "../x", "a/b", "A", "a b", "x" * 101])
def test_a_reply_has_a_name(name: str) -> None:
    with pytest.raises(ConsoleError):
        paths_of(name)
