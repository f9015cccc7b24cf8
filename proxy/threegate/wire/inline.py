"""Files inside a body (`data:` URLs, base64) and the texts in them. Only fields that hold files are
read this way; in any other field the model reads the characters themselves. If bytes could be text
in more than one encoding, every reading is given, because the next reader may choose another. Bytes
of images and audio are not text.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

_URLS: Final = frozenset(("url", "uri", "image_url", "file_url", "audio_url", "video_url"))
_BASE64: Final = frozenset(("data", "file_data"))
HOLDERS: Final = _URLS | _BASE64
"""Names of the fields that hold files."""

_HEAD: Final = re.compile(
    r"data:([a-z]{1,16}/[a-z0-9.+\-]{1,80})?(?:;(?:charset|codecs)=[a-z0-9.\-]{1,16})?(;base64)?,",
    re.I,
)
_TEXTUAL: Final = re.compile(r"text/|.*(?:json|xml|yaml|javascript|csv|markdown)", re.I)
LEAST: Final = 64
"""A shorter base64 string may also be a number or a word, so it is read unchanged."""


class Reading(NamedTuple):
    """`form` of the pointer under which the text is put back; empty: the field itself."""

    form: str
    text: str


def readings(name: str, text: str, kind: str = "") -> tuple[Reading, ...]:
    """The texts of a field that holds files; none if it holds only binary data. `kind`: the media
    type that stands beside the field, if one does."""
    head = _HEAD.match(text)
    if head is not None and _is_head(head[0]):
        kind, encoded, body = head[1], head[2], text[head.end() :]
        data = _decoded(body) if encoded else unquote_to_bytes(body)
        return _all(text, body, data, "#data", textual=not kind or bool(_TEXTUAL.match(kind)))
    if name in _BASE64:
        textual = bool(_TEXTUAL.match(kind))
        return _all(text, text, _decoded(text), "#base64", textual=textual)
    return (Reading("", text),)


def _is_head(head: str) -> bool:
    """A header too short to hide a number."""
    return sum(map(str.isdigit, head)) < 7


def _all(
    text: str, body: str, data: bytes | None, form: str, *, textual: bool
) -> tuple[Reading, ...]:
    if data is None:  # not encoded after all
        return (Reading("", text),)
    texts = tuple(Reading(form, t) for t in _texts(data, textual=textual))
    plain = body.isdigit() or (len(body) < LEAST and not texts)
    return (Reading("", text), *texts) if plain else texts


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _texts(data: bytes, *, textual: bool) -> Iterator[str]:
    try:
        yield data.decode()
    except UnicodeDecodeError:
        if not textual:
            return
        yield data.decode("utf-8", "replace")
        yield data.decode("gb18030", "replace")
    if textual and (b"\0" in data or data.startswith((b"\xff\xfe", b"\xfe\xff"))):
        big = data.startswith(b"\xfe\xff") or data[::2].count(0) > data[1::2].count(0)
        yield data.decode("utf-16-be" if big else "utf-16-le", "replace")
