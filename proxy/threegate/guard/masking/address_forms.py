"""The forms of addresses, one reader each. Each covers at least what any renderer takes for an
address, and judges a position only by the text before it."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

MAX_HEAD = 2000
"""Most code points of an address that is compared with the listed hosts; longer ones never
match."""
BLANK: Final = r"[\t\n\f\r ]"
_URL: Final = re.compile(
    r"[/\\]{2}"  # //host, scheme://host, and what browsers read as these
    r"|(?:(?<![^\W_])|(?<=\\[nrt]))(?:mailto|data|javascript|vbscript|tel|sms|smsto|geo|cid|blob|about|facetime|intent"
    r"|magnet|callto|xmpp|sip|sips|urn|news|view-source|jar|feed):"
    r"|(?<!\w)www\."
    r"|[\w-]\.(?:[^\W\d_]{2,24}|xn--[a-z\d-]{2,24})(?::\d{1,5})?[/?#]"  # example.com/
    r"|\d\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d{1,5})?[/?#]"
    r"|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|sol|bsol|colon|period|tab|newline);",  # written as entities
    re.IGNORECASE,
)
_LONGEST: Final = 40
"""More than the longest match of `_URL`."""
_HTTP: Final = re.compile(r"(?<![\w+.-])https?:\Z", re.IGNORECASE)
_END, _END_IN_ANGLES = re.compile(r"[\t\n\f\r <]"), re.compile(r"[\n>]")
_BREAK: Final = r"(?<!\\)\\[nr]"
"""A line break in a string of JSON."""
_END_IN_STRING: Final = re.compile(rf"[\t\n\f\r <]|(?<!\\)\\t|{_BREAK}")
_END_OF_COMMENT: Final = re.compile(rf"(?<=//){BLANK}|(?<=//)\\t|{_BREAK}")
"""Of `//` that begins a string: nobody's address if a blank follows, as in source code."""
_NEVER: Final = re.compile(r"(?!)")
_LEADING: Final = re.compile(r"[\W_]?[\w.:@%+~-]*")
"""What may stand before the dot of a host that begins a string."""


class FormReader:
    """Reads one text for one form of address. Positions count from the start of the text."""

    __slots__ = ("_headed", "at", "begun", "head")

    def __init__(self, at: int) -> None:
        self.at = self._headed = at
        self.begun: int | None = None  # start of the address that the position is in
        self.head = ""

    def read(self, text: str, base: int, to: int) -> None:
        """Reads on to the position `to`. `text` begins at `base`."""
        while self.at < to and self._step(text, base, to):
            pass
        if self.begun is not None and len(self.head) <= MAX_HEAD:
            self.head += text[self._headed - base : to - base]
            self._headed = to

    def skip(self, to: int) -> None:
        """The text up to this position is replaced by something else."""
        self.at = max(self.at, to)

    @property
    def inside(self) -> bool:
        return self.begun is not None

    def _step(self, text: str, base: int, to: int) -> bool:
        """One transition; False if there is none before `to`."""
        raise NotImplementedError

    def _begin(self, at: int) -> None:
        self.begun = self._headed = at
        self.head = ""


class UrlReader(FormReader):
    """A URL up to the next space, as programs that turn plain text into links read it; between
    angle brackets up to the closing one."""

    __slots__ = ("_end", "_origin")
    _end: re.Pattern[str]

    def __init__(self, at: int, *, string: bool = False) -> None:
        """`string`: the text is a string of JSON, in which an address at the very beginning extends
        to the end, spaces included."""
        super().__init__(at)
        self._origin = at if string else None

    def _step(self, text: str, base: int, to: int) -> bool:
        pattern = _URL if self.begun is None else self._end
        found = pattern.search(text, self.at - base, to - base)
        if found is None:
            self._wait(text, base, to)
            return False
        self.at = base + found.end()
        if self.begun is None:
            start = _start(text, found.start())
            self._end = self._end_of(text, base, start)
            self._begin(base + start)
        else:
            self.begun = None
        return True

    def _wait(self, text: str, base: int, to: int) -> None:
        """Nothing was found; what the end of the text may have cut off is read again."""
        half = _LONGEST if self.begun is None else text[to - 1 - base : to - base] == "\\"
        self.at = max(self.at, to - half)

    def _end_of(self, text: str, base: int, start: int) -> re.Pattern[str]:
        if self._origin is not None:
            return self._end_in_string(text, base, start, self._origin)
        return _END_IN_ANGLES if text[start - 1 : start] == "<" else _END

    def _end_in_string(self, text: str, base: int, start: int, origin: int) -> re.Pattern[str]:
        before = text[max(0, origin - base) : start].lstrip()
        if base + start - origin > _LONGEST or any(map(str.isspace, before)):
            return _END_IN_ANGLES if before.endswith("<") else _END_IN_STRING
        if text.startswith("//", start) and not before.endswith(":"):
            return _END_OF_COMMENT
        schemed = before.endswith(":") or _SCHEME.match(text, start) is not None
        return _NEVER if schemed or _LEADING.fullmatch(before) else _END_IN_STRING


_SCHEME: Final = re.compile(r"[a-z-]+:|\\\\|&", re.IGNORECASE)


def _start(text: str, slashes: int) -> int:
    """Where the scheme before the slashes begins."""
    scheme = _HTTP.search(text, max(0, slashes - 8), slashes)
    return scheme.start() if scheme else slashes


_NUMBERED: Final = "".join(rf"(?<!\w\[\d{{{n}}})" for n in range(1, 8))
"""Not after `sshd[811`: a reference definition begins its line."""


class _Link(Enum):
    NONE = auto()
    BEFORE = auto()  # after `](` or `]:`; the target has not begun
    TARGET = auto()
    ANGLES = auto()  # a target in angle brackets may contain spaces


class LinkReader(FormReader):
    """Targets of Markdown links and images, and of reference definitions."""

    __slots__ = ("_depth", "_state")
    _EVENTS: Final = {
        _Link.NONE: re.compile(rf"\]\(|{_NUMBERED}\]:"),
        _Link.BEFORE: re.compile(r"[^\t\n\f\r ]"),
        _Link.TARGET: re.compile(r"\\.|\]\(|[()]|[\t\n\f\r ]", re.DOTALL),
        _Link.ANGLES: re.compile(r"\\.|[\n>]", re.DOTALL),
    }

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self._state, self._depth = _Link.NONE, 0

    def _step(self, text: str, base: int, to: int) -> bool:
        found = self._EVENTS[self._state].search(text, self.at - base, to - base)
        if found is None:
            half = text[to - 1 - base : to - base] in ("]", "\\")
            self.at = max(self.at, to - half)
            return False
        self._take(found[0], base + found.start())
        return True

    def _take(self, event: str, start: int) -> None:
        self.at = start + len(event)
        match self._state:
            case _Link.NONE:
                self._expect(event, self.at)
            case _Link.BEFORE:
                self._open(event, start)
            case _Link.ANGLES if len(event) == 1:
                self._close()
            case _Link.TARGET if event == "](":
                self._expect(event, self.at)
            case _Link.TARGET if event in "()":
                self._depth += 1 if event == "(" else -1
                if not self._depth:
                    self._close()
            case _Link.TARGET if event.isspace():
                self._close()

    def _expect(self, event: str, at: int) -> None:
        self._state, self._depth = _Link.BEFORE, event.count("(")
        if self._depth:
            self._begin(at)

    def _open(self, event: str, start: int) -> None:
        self._state = _Link.ANGLES if event == "<" else _Link.TARGET
        if self.begun is None:
            self._begin(start)
        if self._state is _Link.TARGET:
            self.at = start  # may be a parenthesis

    def _close(self) -> None:
        self._state, self.begun = _Link.NONE, None

    def skip(self, to: int) -> None:
        super().skip(to)
        if self._state is _Link.BEFORE:
            self._close()


_TAG: Final = re.compile(r"<[A-Za-z]")
_IN_TAG: Final = re.compile(rf"[=\"'>]|{BLANK}+")


class AttributeReader(FormReader):
    """Values of HTML attributes.

    Renderers disagree where a broken tag ends, so tags are not parsed: after the start of one, a
    value is what follows an equals sign, up to a space or, if a quote follows the sign, up to the
    next quote of that kind.
    """

    __slots__ = ("_bare", "_quotes", "_sign", "_tag")

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self._tag = False
        self._quotes: set[str] = set()  # quotes whose last one may have opened a value
        self._bare = False  # in a value without quotes
        self._sign = -1  # position after an equals sign and the spaces that follow it

    def _step(self, text: str, base: int, to: int) -> bool:
        if not self._tag:
            return self._outside(text, base, to)
        found = _IN_TAG.search(text, self.at - base, to - base)
        if found is None:
            self.at = to
            return False
        self.at = base + found.end()
        self._take(found[0], base + found.start())
        return True

    def _outside(self, text: str, base: int, to: int) -> bool:
        found = _TAG.search(text, self.at - base, to - base)
        if found is None:
            self.at = max(self.at, to - 1)
            return False
        self._tag, self.at = True, base + found.end()
        return True

    def _take(self, event: str, start: int) -> None:
        follows = self._sign == start
        if event == "=":
            self._sign, self._bare = self.at, True
            self._set(self.at)
        elif event == ">":
            self._bare, self._tag = False, bool(self._quotes)
            self._set(None)
        elif event.isspace():
            self._sign = self.at if follows else -1
            self._bare = self._bare and follows
            self._set(self.at if follows else None)
        else:
            self._quote(event, opens=follows)

    def _quote(self, quote: str, *, opens: bool) -> None:
        self._quotes.discard(quote)
        self._bare = self._bare and not opens
        if opens:
            self._quotes.add(quote)
        self._set(self.at if opens else None)

    def _set(self, at: int | None) -> None:
        """A value begins or has ended at `at`; another may continue around it."""
        if not (self._quotes or self._bare):
            self.begun = None
        elif self.begun is None or (at is not None and len(self._quotes) + self._bare == 1):
            self._begin(self.at if at is None else at)


_ELEMENT: Final = re.compile(r"<(script|style|form|textarea|select)[\s/>]", re.IGNORECASE)
_LONGEST_ELEMENT: Final = 10


class ElementReader(FormReader):
    """HTML elements whose contents are not shown as text: scripts, styles and form fields."""

    __slots__ = ("_end",)
    _end: re.Pattern[str]

    def _step(self, text: str, base: int, to: int) -> bool:
        pattern = _ELEMENT if self.begun is None else self._end
        found = pattern.search(text, self.at - base, to - base)
        if found is None:
            self.at = max(self.at, to - _LONGEST_ELEMENT)
            return False
        self.at = base + found.end()
        if self.begun is None:
            self._end = re.compile(f"</{found[1]}", re.IGNORECASE)
            self._begin(self.at)
            self.head = "<<"  # no host's address
        else:
            self.begun = None
        return True
