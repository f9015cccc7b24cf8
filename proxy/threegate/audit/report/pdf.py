"""Reports as PDF 1.5, pure: A4 pages of Chinese and English text, tables and bars. No library, and
no embedded font. Latin text is set in Helvetica, everything else in STSong-Light with the CMap
UniGB-UTF16-H. Both fonts are only named, and PDF readers provide them: browsers, Acrobat, Preview,
WPS, poppler. A font file for Chinese would be larger than the rest of the program
(docs/decisions/0011-pdf-without-a-library.md).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH, HEIGHT, MARGIN = 595, 842, 56  # points
INK, FAINT, LINE, BAR = "0.11 0.12 0.14", "0.40 0.44 0.42", "0.85 0.87 0.86", "0.12 0.42 0.39"
# Advance widths of Helvetica, ASCII from the space on (Adobe's AFM file).
HELVETICA = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
_RUNS = re.compile(r"[ -~]+|[^ -~]+")
FONTS = (
    b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light-UniGB-UTF16-H/Encoding/UniGB-UTF16-H"
    b"/DescendantFonts[5 0 R]>>",
    b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/DW 1000/FontDescriptor 6 0 R"
    b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 5>>>>",
    b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]"
    b"/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV 93>>",
)
FIRST_PAGE = 7  # object number; before it: catalog, pages, fonts


def width(text: str, size: float) -> float:
    """The width of one line, in points."""
    units = sum(HELVETICA[ord(c) - 32] if " " <= c <= "~" else 1000 for c in text)
    return units * size / 1000


def fitted(text: str, size: float, room: float) -> str:
    """`text`, cut to the width `room`."""
    if width(text, size) <= room:
        return text
    while text and width(text + "...", size) > room:
        text = text[:-1]
    return text + "..."


@dataclass(slots=True)
class PdfPages:
    """Pages filled from the top; what does not fit starts the next page."""

    title: str
    language: str
    y: float = 0.0
    pages: list[list[str]] = field(default_factory=list)

    def line(self, text: str, size: float = 10, *, ink: str = INK, after: float = 4) -> None:
        self._room(size + after)
        self.y -= size
        self._put(MARGIN, fitted(text, size, WIDTH - 2 * MARGIN), size, ink)
        self.y -= after

    def heading(self, text: str) -> None:
        self._room(70)  # never the last line of a page
        self.y -= 12
        self.line(text, 13, after=6)

    def row(self, cells: Sequence[str], widths: Sequence[float], bar: float = -1.0) -> None:
        """One line of a table, numbers to the right; `bar` (0 to 1) is drawn in the last column."""
        self._room(16)
        self.y -= 12
        x = float(MARGIN)
        for n, (cell, room) in enumerate(zip(cells, widths, strict=True)):
            shown = fitted(cell, 9.5, room - 8)
            shift = room - 8 - width(shown, 9.5) if n and _is_number(cell) else 0
            self._put(x + shift, shown, 9.5, INK)
            x += room
        if bar >= 0:
            long = max(0.5, bar * (WIDTH - MARGIN - x))
            self.pages[-1].append(f"{BAR} rg {x:.1f} {self.y:.1f} {long:.1f} 7 re f")
        foot = self.y - 4
        rule = f"{LINE} RG 0.5 w {MARGIN} {foot:.1f} m {WIDTH - MARGIN} {foot:.1f} l S"
        self.pages[-1].append(rule)
        self.y -= 4

    def _room(self, points: float) -> None:
        if not self.pages or self.y - points < MARGIN:
            self.pages.append([])
            self.y = HEIGHT - MARGIN

    def _put(self, x: float, text: str, size: float, ink: str) -> None:
        shown = [f"BT {ink} rg 1 0 0 1 {x:.2f} {self.y:.2f} Tm"]
        for run in _RUNS.findall(text):
            latin = run[0] <= "~" and run[0] >= " "
            shown.append(f"/F{1 if latin else 2} {size} Tf {_string(run, latin=latin)} Tj")
        self.pages[-1].append(" ".join([*shown, "ET"]))

    def pdf(self) -> bytes:
        """The file. The same pages give the same bytes."""
        first, pages = FIRST_PAGE, len(self.pages)
        kids = " ".join(f"{first + 2 * n} 0 R" for n in range(pages))
        objects = [
            f"<</Type/Catalog/Pages 2 0 R/Lang({self.language})>>".encode(),
            f"<</Type/Pages/Count {pages}/Kids[{kids}]/MediaBox[0 0 {WIDTH} {HEIGHT}]>>".encode(),
            *FONTS,
        ]
        for n, page in enumerate(self.pages):
            fonts = "<</Font<</F1 3 0 R/F2 4 0 R>>>>"
            leaf = f"<</Type/Page/Parent 2 0 R/Resources{fonts}/Contents {first + 2 * n + 1} 0 R>>"
            objects += [leaf.encode(), _stream("\n".join(page))]
        title = _string(self.title, latin=False, mark="feff")
        objects.append(f"<</Title{title}/Producer(Threegate)>>".encode())
        return _file(objects)


def _is_number(text: str) -> bool:
    return text[:1].isdigit() or text in ("-", "")


def _string(text: str, *, latin: bool, mark: str = "") -> str:
    if not latin:
        return f"<{mark}{text.encode('utf-16-be', errors='replace').hex()}>"
    return "(" + re.sub(r"([\\()])", r"\\\1", text) + ")"


def _stream(text: str) -> bytes:
    packed = zlib.compress(text.encode())
    head = f"<</Length {len(packed)}/Filter/FlateDecode>>\nstream\n".encode()
    return head + packed + b"\nendstream"


def _file(objects: Sequence[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"), []
    for n, made in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (n, made)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    last = len(objects)
    out += b"trailer\n<</Size %d/Root 1 0 R/Info %d 0 R>>\n" % (last + 1, last)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)
