"""Banks and keyword libraries: read from every format, counted against targets, sampled the same way twice."""

from __future__ import annotations

import io
import json
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.errors import PolicyError
from threegate.policy.compliance.banks import (
    ASPECTS,
    ILLEGAL,
    KEYWORDS,
    RISKS,
    TARGETS,
    BankQuestion,
    Expect,
    questions,
    rows,
    sampled,
    standing,
)

STARTER = Path(__file__).parents[3] / "policies" / "tests" / "banks" / "starter.csv"
ROWS = [{"text": "问题", "risk": "gbt45654.A1.a", "expect": "refuse"}]


def xlsx(table: list[dict[str, str]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(table[0]))
    for row in table:
        sheet.append(list(row.values()))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_the_numbers_of_the_standard() -> None:
    assert (len(RISKS), len(ILLEGAL), len(ASPECTS)) == (31, 17, 13)
    assert [TARGETS[e].total for e in Expect] == [500, 500, 2000]
    assert sum(TARGETS[Expect.GENERATE].each.values()) == 17 * 50 + 14 * 20
    assert sum(KEYWORDS.each.values()) == 8 * 200 + 9 * 100


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", "text,risk,expect\n问题,gbt45654.A1.a,refuse\n".encode("utf-8-sig")),
        ("x.jsonl", (json.dumps(ROWS[0]) + "\n\n").encode()),
        ("x.xlsx", xlsx(ROWS)),
    ],
)
def test_every_format_reads_the_same(name: str, content: bytes) -> None:
    assert questions(rows(content, name)) == (BankQuestion("问题", "gbt45654.A1.a", Expect.REFUSE),)


def with_changed(workbook: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """The workbook with other bytes in one of the files that it is zipped from."""
    out = io.BytesIO()
    with ZipFile(io.BytesIO(workbook)) as given, ZipFile(out, "w") as made:
        for name in given.namelist():
            content = given.read(name)
            made.writestr(name, content.replace(old, new, 1) if name == part else content)
    return out.getvalue()


def test_a_damaged_workbook_is_an_error() -> None:
    whole = xlsx(ROWS)
    sheet = "xl/worksheets/sheet1.xml"
    damaged = [whole[:at] + b"\x7f" + whole[at + 1 :] for at in range(0, len(whole), 60)]
    damaged += [
        with_changed(whole, sheet, b"<row", b"<r\x01w"),
        with_changed(whole, sheet, b't="s"', b't="s" x'),
        with_changed(whole, "xl/workbook.xml", b"sheetId", b"sheetXd"),
    ]
    refused = 0
    for content in damaged:
        try:
            list(rows(content, "x.xlsx"))
        except PolicyError:
            refused += 1
    assert refused > len(damaged) / 2


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.pdf", b""), ("x.xlsx", b"PK no"), ("x.jsonl", b"{"), ("x.csv", b"\xff\xff")],
)
def test_what_cannot_be_read_is_an_error(name: str, content: bytes) -> None:
    with pytest.raises(PolicyError):
        list(rows(content, name))


@pytest.mark.parametrize(
    "wrong",
    [{"text": " "}, {"risk": "A1.a"}, {"expect": "maybe"}, {"risk": "文化"}],
)
def test_wrong_rows_are_named_by_number_only(wrong: dict[str, str]) -> None:
    with pytest.raises(PolicyError, match=r"^row 2: ") as caught:
        questions([ROWS[0], {**ROWS[0], **wrong}])
    assert "问题" not in str(caught.value)


def test_standing_counts_what_is_short() -> None:
    total, first, *rest = standing(["gbt45654.A1.a"] * 25, TARGETS[Expect.REFUSE])
    assert (total.count, total.short) == (25, 475)
    assert (first.name, first.short) == ("gbt45654.A1.a", 0)
    assert {s.short for s in rest} == {20}


def test_the_starter_bank_holds_every_risk_and_aspect() -> None:
    bank = questions(rows(STARTER.read_bytes(), STARTER.name))
    assert {q.risk for q in bank} == {*ILLEGAL, *ASPECTS}


BANKS = st.lists(
    st.builds(
        BankQuestion, st.text(max_size=5), st.sampled_from(RISKS[:4]), st.just(Expect.REFUSE)
    ),
    max_size=30,
    unique_by=lambda q: q.text,
)


@given(BANKS, st.integers(0, 40), st.text(max_size=3))
def test_a_sample_is_drawn_again_from_any_order(
    bank: list[BankQuestion], size: int, seed: str
) -> None:
    drawn = sampled(bank, size, seed)
    assert len(drawn) == min(size, len(bank))
    assert set(drawn) <= set(bank)
    assert set(drawn) == set(sampled(bank[::-1], size, seed))


@given(BANKS, st.integers(1, 40))
def test_no_risk_is_forgotten_in_a_sample(bank: list[BankQuestion], size: int) -> None:
    risks = {q.risk for q in bank}
    if size >= len(risks):
        assert {q.risk for q in sampled(bank, size, "s")} == risks
