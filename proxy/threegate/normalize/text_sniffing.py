"""The text in the bytes of an encoded block: UTF-8, UTF-16, or text with some control bytes."""

from __future__ import annotations

from threegate.normalize.confusables import HIDDEN

MIN_BYTES = 16
"""Bytes from which random data is hardly ever valid UTF-8."""
_BREAKS = dict.fromkeys(map(ord, "\n\r\t"))
_BLANK = ord(" ")
AMONG, FEW = 24, 8
"""Fewest bytes of text with control bytes in it, and the share (one in so many) that may be
such."""
WIDE = MIN_BYTES // 2
"""Fewest bytes of UTF-16."""

HEAD, SPOILT = 9, 2
"""In the first `HEAD` bytes of a block, at most `SPOILT` may be non-text."""
CONTROLS = bytes([*(c for c in range(0x20) if c not in b"\t\n\r"), 0x7F])
TEXT, MORE = 1, 5
KINDS = bytes(
    0 if c in CONTROLS or 0xC0 <= c < 0xC2 or c >= 0xF5
    else TEXT if c < 0x80 else MORE if c < 0xC0 else 2 if c < 0xE0 else 3 if c < 0xF0 else 4
    for c in range(256)
)  # fmt: skip
"""For each byte: the length of the visible character that it begins in UTF-8; 0 for none, `MORE`
for a continuation byte."""
MARKS = (b"\xff\xfe", b"\xfe\xff")
"""UTF-16 begins with one of them or with characters of `PAGES`."""
PAGES = bytes([0, 0x30, 0xFF, *range(0x4E, 0xA0)])
"""First bytes of ASCII, full-width and Chinese characters."""
_CONTROLS_TO_BLANK = {**dict.fromkeys(CONTROLS, _BLANK), 0xFFFD: _BLANK}


def legible(data: bytes) -> str | None:
    """Like `readable`, but also accepts UTF-16 and text with a few other bytes, which become
    spaces."""
    return readable(data) or _wide(data) or _among(data)


def readable(data: bytes) -> str | None:
    """The text if `data` is UTF-8 written by a person, not numbers that happen to decode; else
    None."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    seen = text if text.isascii() else HIDDEN.sub("", text)
    if len(data) < MIN_BYTES and not seen.isascii():
        foreign = [c for c in seen if not c.isascii()]
        if sum("\u2e80" <= c <= "\uffef" for c in foreign) * 2 < len(foreign):
            return None
    return text if seen and _seen(seen) else None


def _wide(data: bytes) -> str | None:
    if len(data) < WIDE:
        return None
    data = data[: len(data) // 2 * 2]
    if data[:2] in MARKS:
        return _decoded(data, "utf-16")
    for first, codec in ((1, "utf-16-le"), (0, "utf-16-be")):
        pages = data[first::2]
        long = len(data) >= MIN_BYTES or not any(pages)
        if long and not pages.translate(None, PAGES):
            return _decoded(data, codec)
    return None


def _decoded(data: bytes, codec: str) -> str | None:
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        return None
    return text if _seen(text) else None


def _among(data: bytes) -> str | None:
    if len(data) < AMONG or _spoilt(data[:HEAD]) > SPOILT:
        return None
    text = data.decode(errors="replace")
    plain = text.translate(_CONTROLS_TO_BLANK)
    bad = plain.count(" ") - text.count(" ")
    return plain if bad * FEW <= len(text) and _seen(plain) else None


def _spoilt(head: bytes) -> int:
    """The number of bytes that are not part of a character."""
    count = more = 0
    for kind in head.translate(KINDS):
        fits = kind > 0 and (kind == MORE) == (more > 0)
        count += not fits
        more = more - 1 if fits and more else max(0, kind % MORE - 1)
    return count


def _seen(text: str) -> bool:
    return text.translate(_BREAKS).isprintable()
