from __future__ import annotations

import random
import re

import pytest
from threegate.normalize import views
from threegate.normalize.table_view import QUOTES, _lines, tabular
from threegate.normalize.view import raw
from threegate.types import Span

MARKDOWN = "| 姓名 | 护照号 | 状态 |\n| --- | --- | --- |\n| 王芳 | E12345678 | 正常 |"
CSV = "name,passport,team\nBob,E12345678,finance\nAnn,G87654321,sales"
TSV = "姓名\t护照号\n韩梅梅\tE12345678"
SEMICOLONS = "姓名;护照号\n韩梅梅;E12345678"
QUOTED = '"name","passport"\n"Bob","E12345678"'
PSQL = " id | passport  \n----+-----------\n  1 | E12345678\n(1 row)"
MYSQL = "+----+-----------+\n| id | passport  |\n+----+-----------+\n|  1 | E12345678 |"
PRINTED = "   name   passport\n0   Bob  E12345678\n1   Ann  G87654321"
LISTED = "NAME        PASSPORT    AGE\nBob Miller  E12345678   31"
INSERTED = "INSERT INTO `p` (`id`, `passport`) VALUES (1, 'E12345678');"
COPIED = 'COPY public.people (id, "passport") FROM stdin;\n1\tE12345678\n\\.'


@pytest.mark.parametrize(
    "text",
    [MARKDOWN, CSV, TSV, SEMICOLONS, QUOTED, PSQL, MYSQL, COPIED, INSERTED, PRINTED, LISTED],
)
def test_a_value_stands_behind_the_head_of_its_column(text: str) -> None:
    (view,) = [v for v in views(text) if v.name == "table"]
    start = view.text.index("E12345678")
    assert view.text[:start].endswith(("护照号：", "passport：", "PASSPORT："))
    span = view.original(Span(start, start + 9))
    assert text[span.start : span.end] == "E12345678"


@pytest.mark.parametrize(
    "text",
    [
        "user,password,role\nalice,moonlight,admin",
        "用户;初始密码（旧）\n李四;moonlight",
        '"user","db_pass"\n"bob","moonlight"',
        "COPY t (id, pwd) FROM stdin;\n7\tmoonlight",
    ],
)
def test_a_password_of_letters_stands_in_quotes_behind_the_head_of_its_column(text: str) -> None:
    (view,) = [v for v in views(text) if v.name == "table"]
    start = view.text.index("moonlight")
    assert view.text[:start].endswith('："')
    assert view.text[start + 9] == '"'
    assert view.original(Span(start, start + 9)) == Span(
        text.index("moonlight"), text.index("moonlight") + 9
    )


def test_every_row_of_an_insert_statement_is_read() -> None:
    text = "insert into s.u (name, pwd, qq)\nvalues ('a, (b)', 'moonlight', NULL),\n('it''s', N'x-7', 10012345)"
    (view,) = [v for v in views(text) if v.name == "table"]
    assert view.text.split("values (")[1] == (
        "'a, (b)',\npwd：\"moonlight\"', NULL),\n('it''s',\npwd：x-7',\nqq：10012345)"
    )


def test_every_row_of_a_table_is_read() -> None:
    assert "passport：G87654321" in tabular(raw(CSV)).text
    assert "passport：G87654321" in tabular(raw(PRINTED)).text


@pytest.mark.parametrize(
    "text",
    [
        "   name   passport\n0   Bob    E12345678",
        "name  passport\n\nBob E12345678  31",
        "see the list  below\nE12345678  is his passport",
        "7001  8002\nE123  E12345678",
    ],
)
def test_columns_that_do_not_align_are_no_table(text: str) -> None:
    assert tabular(raw(text)).text == text


@pytest.mark.parametrize(
    "text",
    [
        "Hello, world\nhow are you, then?",
        "一、二、三\n四、五、六",
        "a,b,c\n1,2",
        "x = {1, 2}\ny = {3, 4}",
        "| a |",
        "player;assist/pass\nRuiz;Tarpley",
        "test;pass\nlogin;blocking",
        "plan,password\nfree,included\nteam,supported",
        "name,password policy\nfinance,restricted",
    ],
)
def test_what_is_no_table_stays(text: str) -> None:
    assert tabular(raw(text)).text == text


def test_a_line_of_blanks_takes_linear_time() -> None:
    text = "a,b\nc,1\n" + " " * 300_000 + "a"
    assert tabular(raw(text)).text.endswith(text[-300_000:])


_VALUE = re.compile(r"[0-9A-Za-z+(（][0-9A-Za-z ()（）._@+\-:!#$%&*^~]*[0-9]")
_LETTERS = re.compile(r"[A-Za-z][A-Za-z\-]{5,31}(?<!ed)")


def test_values_stand_behind_the_names_of_their_columns() -> None:
    rng, found = random.Random(11), 0
    parts = [*"a1(+_ \"'\t.<密（@-", "moonlight", "banned", "a" * 40, "Key-Stone"]
    for _ in range(6000):
        cells = ["".join(rng.choices(parts, k=rng.randrange(7))) for _ in range(3)]
        row = "".join(map(_read, ("a", "b", "password"), cells))
        found += "：" in row
        assert (
            tabular(raw(f"a|b|password|c\n{'|'.join(cells)}|q")).text == f"a|b|password|c\n{row}|q"
        )
    assert found > 500


def _read(name: str, cell: str) -> str:
    value = cell.lstrip(QUOTES)
    letters = value.rstrip(QUOTES)
    before = f"{name}：" if name == "a" else f"\n{name}："
    if _VALUE.match(value):
        return before + value
    if name == "password" and _LETTERS.fullmatch(letters):
        return f'{before}"{letters}"{value[len(letters) :]}'
    return cell if name == "a" else f"|{cell}"


def test_a_line_of_strokes_is_no_row() -> None:
    rule = re.compile(r"(?:[ \t]*\t)?[ \-:|+=]{3,}+\r?")
    rng = random.Random(5)
    for _ in range(3000):
        line = "".join(rng.choices(" \t-:|+=\r", [4, 1, 6, 1, 4, 2, 1, 1], k=rng.randrange(1, 9)))
        lines = [*_lines(f"a\n{line}\nb")]
        assert len(lines) == 3 - bool(rule.fullmatch(line))
