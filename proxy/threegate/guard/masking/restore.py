"""Restores masked values in one text of an answer: outside addresses, and only where the rule that
masked them allows it.

Prefix stability as in `detectors.base`: text before the open position cannot become part of a
placeholder (`placeholders`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from threegate.guard.masking.addresses import AddressReader, ArgumentReader
from threegate.guard.masking.placeholders import Placeholder, PlaceholderFinder
from threegate.policy.model import Restoring
from threegate.types import Channel, Span, frozen


@frozen
class Restored:
    """A restored value: `text` in place of `span`."""

    span: Span
    text: str = field(repr=False)
    kind: str


class TextRestorer:
    """Restores values in one text that arrives in pieces. `tool` is the name of the tool whose
    arguments the text is."""

    def __init__(self, finder: PlaceholderFinder, channel: Channel, tool: str = "") -> None:
        self._finder, self._channel, self._tool = finder, channel, tool

    @cached_property
    def _addresses(self) -> AddressReader:
        arguments = self._channel is Channel.TOOL_ARGUMENTS
        return ArgumentReader() if arguments else AddressReader()

    def find(self, text: str, base: int, start: int, *, final: bool) -> tuple[list[Restored], int]:
        """The values to restore from `start` on, and the position before which nothing can change.
        `text` begins at `base`; positions count from the start of the whole text."""
        out: list[Restored] = []
        found, open_from = self._finder.find(text, start - base, final=final)
        for placeholder in found:
            span, masked = placeholder.span, placeholder.masked
            self._addresses.read(text, base, base + span.start)
            back = self._comes_back(text, base, placeholder, final=final)
            if back is None:
                open_from = span.start
                break
            if back:
                at = Span(base + span.start, base + span.end)
                out.append(Restored(at, masked.value, masked.kind))
                self._addresses.skip(at.end)
        if not final:
            self._addresses.keep_up(text, base, base + open_from)
        return out, base + open_from

    def _comes_back(
        self, text: str, base: int, placeholder: Placeholder, *, final: bool
    ) -> bool | None:
        """None where more text decides that."""
        restoring = placeholder.masked.restore
        if self._writes_files(restoring):
            return True
        within = _names_host(text, placeholder.span.end, final=final)
        host = self._is_host(text, base, placeholder, final=final)
        if within is None or host is None:
            return None
        return not within and (host or self._returns(restoring))

    def _writes_files(self, restoring: Restoring | None) -> bool:
        arguments = self._channel is Channel.TOOL_ARGUMENTS
        return arguments and restoring is not None and self._tool in restoring.files

    def _is_host(
        self, text: str, base: int, placeholder: Placeholder, *, final: bool
    ) -> bool | None:
        """Whether the value is an IP address and the whole host of a URL, so that only this host
        receives it. None if more text is needed to decide."""
        if not _IP.fullmatch(placeholder.masked.value) or not self._addresses.at_host(text, base):
            return False
        end, ends = placeholder.span.end, self._host_ends(text, base)
        if not final and ends.so_far.match(text, end):
            return None
        return ends.whole.match(text, end) is not None

    def _host_ends(self, text: str, base: int) -> _HostEnds:
        arguments = self._channel is Channel.TOOL_ARGUMENTS
        fetched = arguments and self._addresses.begins_string(text, base)
        if self._addresses.in_json:
            return _URL_IN_JSON if fetched else _IN_JSON
        return _URL_IN_TEXT if fetched else _IN_TEXT

    def _returns(self, restoring: Restoring | None) -> bool:
        if restoring is None or self._addresses.inside(restoring.hosts):
            return False
        everywhere = self._channel is not Channel.TOOL_ARGUMENTS or restoring.tools is None
        return everywhere or self._tool in (restoring.tools or ())


@dataclass(frozen=True, slots=True)
class _HostEnds:
    """What stands behind a host that ends there, and the beginnings of it. `ends` and `marks` are
    patterns: marks close a sentence or quotation, and may be part of a host name unless an end
    follows."""

    whole: re.Pattern[str]
    so_far: re.Pattern[str]

    @classmethod
    def of(cls, ends: str, marks: str, half: str = "") -> _HostEnds:
        whole = rf"(?::\d{{1,5}})?(?:/|{ends}|\Z|{marks}{{1,3}}(?:{ends}|\Z))"
        return cls(re.compile(whole), re.compile(rf"(?::\d{{0,5}})?{marks}{{0,3}}{half}\Z"))


_IP: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_CLOSING: Final = "'`)>\\]},;.，。；、！？）】」』"
_IN_TEXT: Final = _HostEnds.of(r"[\s<]", f'["{_CLOSING}]')
_IN_JSON: Final = _HostEnds.of(r"(?:[\s<\"]|\\[nrt])", rf"(?:\\\"|[{_CLOSING}])", r"\\?")
_URL_IN_TEXT: Final = _HostEnds.of(r"[ <]", f'["{_CLOSING}]')
_URL_IN_JSON: Final = _HostEnds.of(r"[ <\"]", rf"(?:\\\"|[{_CLOSING}])", r"\\?")
"""Of a string that is a URL: browsers drop tabs and line breaks in it, so a host goes on behind."""
_UNSEEN: Final = "[\u00ad\u200b-\u200d\u2060\ufeff]"
"""Characters that are dropped from host names in a lookup."""
_HOST: Final = re.compile(
    rf"{_UNSEEN}{{0,8}}(?:[-.](?:[A-Za-z0-9-]{{1,63}}\.)+[A-Za-z]{{2,}}"
    r"|\.[A-Za-z][A-Za-z0-9-]{1,62}[/?#:]\S)"
)
_HOST_SO_FAR: Final = re.compile(
    rf"(?:{_UNSEEN}{{1,8}}|{_UNSEEN}{{0,8}}[-.][A-Za-z0-9.-]{{0,128}}[/?#:]?)\Z"
)


def _names_host(text: str, end: int, *, final: bool) -> bool | None:
    """Whether what follows makes the value the first label of a host name; None if more text is
    needed to decide."""
    if _HOST.match(text, end):
        return True
    return None if not final and _HOST_SO_FAR.match(text, end) else False
