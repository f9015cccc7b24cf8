from __future__ import annotations

import re
import zlib

from hypothesis import given
from hypothesis import strategies as st
from threegate.audit.report.pdf import HELVETICA, MARGIN, WIDTH, PdfPages, fitted, width


def objects(data: bytes) -> dict[int, bytes]:
    """Every object, found by the cross-reference table as a reader does it."""
    start = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    assert data[start:].startswith(b"xref\n0 ")
    places = [int(m) for m in re.findall(rb"(\d{10}) 00000 n", data[start:])]
    found = {}
    for n, place in enumerate(places, 1):
        head = b"%d 0 obj\n" % n
        assert data[place:].startswith(head)
        found[n] = data[place + len(head) :].split(b"\nendobj\n", 1)[0]
    return found


def texts_of(data: bytes) -> list[str]:
    """What the pages say, one string per text object."""
    shown = []
    for body in objects(data).values():
        if b"/FlateDecode" in body:
            packed = body.split(b"stream\n", 1)[1].rsplit(b"\nendstream", 1)[0]
            lines = zlib.decompress(packed).decode().split("\n")
            shown += [_said(line) for line in lines if line.startswith("BT")]
    return shown


def _said(line: str) -> str:
    out = ""
    for wide, latin in re.findall(r"<([0-9a-f]*)> Tj|\(((?:[^\\()]|\\.)*)\) Tj", line):
        out += bytes.fromhex(wide).decode("utf-16-be") if wide else re.sub(r"\\(.)", r"\1", latin)
    return out


@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc"))), max_size=20))
def test_any_text_stands_on_the_page_or_is_cut_with_dots(lines: list[str]) -> None:
    paper = PdfPages("报告", "zh-CN")
    for line in lines:
        paper.line(line)
    shown = texts_of(paper.pdf())
    assert shown == [fitted(line, 10, WIDTH - 2 * MARGIN) for line in lines]


def test_pages_follow_when_one_is_full() -> None:
    paper = PdfPages("Report", "en")
    for n in range(100):
        paper.row((f"row {n}", f"{n}"), (200, 60), n / 100)
    data = paper.pdf()
    assert len(paper.pages) == 3
    assert b"/Count 3" in data
    assert texts_of(data)[-2:] == ["row 99", "99"]
    assert data == paper.pdf()


def test_widths() -> None:
    assert len(HELVETICA) == 95
    assert width("中文", 10) == 20
    assert width("Ab", 10) == (667 + 556) / 100
    assert width(fitted("中" * 100, 10, 100), 10) <= 100
