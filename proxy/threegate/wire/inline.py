"""Files inside a body (`data:` URLs, base64) and the texts in them. Only fields that hold files are
read this way; in any other field the model reads the characters themselves. If bytes could be text
in more than one encoding, every reading is given, because the next reader may choose another. Bytes
of images, audio and PDF are not text.
"""

from __future__ import annotations

import base64
import encodings
import re
from collections.abc import Iterator, Mapping
from encodings.aliases import aliases
from pkgutil import iter_modules
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, unquote_to_bytes

_URLS: Final = frozenset(("url", "uri", "image_url", "file_url", "audio_url", "video_url"))
_BASE64: Final = frozenset(("data", "file_data"))
HOLDERS: Final = _URLS | _BASE64
"""Names of the fields that hold files."""

_HEAD: Final = re.compile(
    r"data:([a-z]{1,16}/[a-z0-9.+\-]{1,80})?(?:;(?:charset|codecs)=[a-z0-9.\-]{1,16})?(;base64)?,",
    re.I,
)
_OTHER_HEAD: Final = re.compile(r"\s*data:([^,]{0,200}),", re.I)
_ENCODED: Final = re.compile(r";\s*base64\s*(?:;|\Z)", re.I)
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([\w.:\-]{1,40})", re.I | re.ASCII)
_MEDIA_TYPES: Final = ("media_type", "mime_type", "mimeType")
_TEXTUAL: Final = re.compile(r"\s*(?:text/|.*(?:json|xml|yaml|javascript|csv|markdown))", re.I)
_BINARY: Final = re.compile(r"\s*(?:image|audio|video|font)/|\s*application/pdf", re.I)
_BINARY_BEGINS: Final = (b"%PDF", b"PK\3\4", b"\xd0\xcf\x11\xe0", b"\xff\xd8\xff")
_NOT_BASE64: Final = re.compile(r"[^A-Za-z0-9+/=\-_]+")
_URL_SAFE: Final = str.maketrans("-_", "+/")
_CONTROLS: Final = bytes([*(c for c in range(0x20) if c not in b"\t\n\f\r"), 0x7F])
_FEW: Final = 12
"""Text has at most one control byte, and one that begins no character, in so many; in compressed
data one in nine is a control byte."""
_PAGES: Final = bytes([0, 0x20, 0x30, 0xFF, *range(0x4E, 0xA0)])
"""First bytes of ASCII, punctuation, full-width and Chinese characters in UTF-16."""
_CHARSETS: Final = frozenset(module.name for module in iter_modules(encodings.__path__)) - {
    "aliases", "idna", "mbcs", "oem", "punycode", "undefined"
}  # fmt: skip
"""Those that Python reads in time. It would keep any other name that it is asked for, for ever."""
PLAIN: Final = "plain"
"""The kind of a field whose characters are the text."""
UNKNOWN: Final = "*/*"
MAX_PARTS: Final = 64
"""Padded parts of base64 in a row that are decoded each by itself."""
LEAST: Final = 64
"""A shorter base64 string may also be a number or a word, so it is read unchanged."""


class Reading(NamedTuple):
    """`form` of the pointer under which the text is put back; empty: the field itself."""

    form: str
    text: str


def kind_of(part: Mapping[str, Any]) -> str:
    """What the fields beside a file call it: a media type, `PLAIN`, or nothing."""
    if part.get("type") == "text":
        return PLAIN
    sound = _word(part.get("format"))
    named = (_word(part.get(name)) for name in _MEDIA_TYPES)
    return next(filter(None, named), f"audio/{sound}" if sound else "")


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def readings(name: str, text: str, kind: str = "") -> tuple[Reading, ...]:
    """The texts of a field that holds files; none if it holds only binary data. `kind`: see
    `kind_of`."""
    if (head := _HEAD.match(text)) is not None and _is_head(head[0]):
        file = _file(text[head.end() :], encoded=bool(head[2]))
        return _all(text, file, "#data", head[0][len("data:") :])
    if (other := _OTHER_HEAD.match(text)) is not None:
        file = _file(text[other.end() :], encoded=bool(_ENCODED.search(other[1])))
        return _all(text, file._replace(usual=False), "#data", other[1])
    if name in _BASE64 and kind != PLAIN and _is_base64(text):
        return _all(text, _file(text, encoded=True), "#base64", kind or UNKNOWN)
    return (Reading("", text),)


class _File(NamedTuple):
    """`usual`: written as every reader expects a file to be."""

    body: str
    data: bytes
    usual: bool


def _is_head(head: str) -> bool:
    """A header too short to hide a number."""
    return sum(map(str.isdigit, head)) < 7


def _is_base64(text: str) -> bool:
    """Digits alone are none: bytes without a single ASCII character."""
    return (
        not text.isdigit()
        and (len(text) - sum(map(len, _NOT_BASE64.findall(text)))) * 8 >= len(text) * 7
    )


def _all(text: str, file: _File, form: str, kind: str) -> tuple[Reading, ...]:
    texts = tuple(Reading(form, t) for t in dict.fromkeys(_texts(file.data, kind)))
    short = file.body.isdigit() or (len(file.body) < LEAST and not texts)
    return (Reading("", text), *texts) if short or not file.usual else texts


def _file(body: str, *, encoded: bool) -> _File:
    """Readers of base64 differ: some skip what is none, some know its other alphabet, some need no
    padding."""
    if not encoded:
        return _File(body, unquote_to_bytes(body), usual=True)
    try:
        return _File(body, base64.b64decode(body, validate=True), usual=True)
    except ValueError:
        letters = _NOT_BASE64.sub("", unquote(body)).translate(_URL_SAFE)
        parts = letters.split("=", MAX_PARTS)
        parts[-1] = parts[-1].replace("=", "")
        return _File(body, b"".join(map(_segment, parts)), usual=False)


def _segment(letters: str) -> bytes:
    whole = letters[: len(letters) - (len(letters) % 4 == 1)]
    return base64.b64decode(whole + "=" * (-len(whole) % 4))


def _texts(data: bytes, kind: str) -> Iterator[str]:
    media = kind.partition(";")[0].strip(" ,")
    textual = not media or _TEXTUAL.match(media) is not None
    if not textual and (_BINARY.match(media) or data.startswith(_BINARY_BEGINS)):
        yield from _decoded(data, "utf-8", "strict")
        return
    if declared := _CHARSET.search(kind):
        yield from _decoded(data, declared[1])
    yield from (
        narrow
        if (narrow := (*_decoded(data, "utf-8", "strict"),))
        else (_narrow(data) if textual or _is_written(data) else ())
    )
    if (textual and b"\0" in data) or _is_wide(data, or_narrow=bool(narrow)):
        yield data.decode("utf-16-be" if _is_big(data) else "utf-16-le", "replace")


def _decoded(data: bytes, charset: str, errors: str = "replace") -> Iterator[str]:
    name = encodings.normalize_encoding(charset).lower().replace(".", "_")
    if (known := aliases.get(name, name)) not in _CHARSETS:
        return
    try:
        yield data.decode(known, errors)
    except (LookupError, ValueError):  # no text, or not in this encoding
        return


def _narrow(data: bytes) -> Iterator[str]:
    yield from (data.decode(charset, "replace") for charset in ("utf-8", "gb18030", "big5hkscs"))


def _is_written(data: bytes) -> bool:
    """Whether bytes that nobody calls text may be some: compressed ones have more controls."""
    if (len(data) - len(data.translate(None, _CONTROLS))) * _FEW > len(data):
        return False
    text = data.decode("gb18030", "replace")
    return text.count("\ufffd") * _FEW <= len(text)


def _is_wide(data: bytes, *, or_narrow: bool) -> bool:
    """Whether bytes may be UTF-16 (or UTF-32, which reads like it with gaps): one half of them says
    which page a character is on, and the other half does not look like that too."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    paged, pairs = sorted(map(_paged, (data[::2], data[1::2]))), len(data) // 2
    if pairs == 0 or paged[1] * 8 < pairs * 7:
        return False
    return b"\0" in data or (not or_narrow and paged[0] * 8 < pairs * 7)


def _is_big(data: bytes) -> bool:
    """Whether the first half of each pair says which page a character is on."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.startswith(b"\xfe")
    first, second = data[::2], data[1::2]
    if b"\0" in data:
        return first.count(0) > second.count(0)
    return _paged(first) > _paged(second)


def _paged(half: bytes) -> int:
    return len(half) - len(half.translate(None, _PAGES))
