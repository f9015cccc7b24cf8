r"""The view that rewrites values that are spelled out for people in their usual form.

`zhao.liu @ mail-host.org`, `zhao dot liu at mail-host dot org`, `zhao.liu (at) mail-host.org`,
zhao艾特mail点com, `zhao\_liu@mail-host.org` and zhao@mail-host。org are addresses;
`| 139 | 8765 | 4321 |`, `手机 13,987,654,321`, 一、三、九、八、… and a number
with a hyphen at the end of a line are numbers. Each form needs further evidence, because its words
also occur in ordinary text: a space before @ needs a name with a dot, a digit or a label; ` dot ` a
common suffix; commas a label; cells the groups of a mobile number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import re2

from threegate.normalize.re2_spans import char_spans, found
from threegate.normalize.view import LONG, Edit, View, replaced
from threegate.normalize.work import meter

NAME = "written"
New = Callable[[re.Match[str]], str | None]
"""The replacement of a match; None keeps it."""
_HAN_DIGITS = "〇零一二三四五六七八九幺"
_HAN_VALUES = str.maketrans(_HAN_DIGITS, "001234567891")
_LOCAL = r"[A-Za-z0-9][A-Za-z0-9._%+\-]*"
_HOST = r"[A-Za-z0-9][A-Za-z0-9\-]*"
_AT = r"(?:[ ]?[\[({<][ ]?(?:at|@|艾特)[ ]?[\])}>][ ]?|[ ]at[ ]|[ ]?艾特[ ]?|[ ]?[@＠][ ]?)"
_DOT = r"(?:[ ]?[\[({<][ ]?(?:dot|\.|点)[ ]?[\])}>][ ]?|[ ]dot[ ]|[ ]?点[ ]?)"
_PLAIN_AT = r"(?:[ ]?[\[({][ ]?(?:at|@|艾特)[ ]?[\])}][ ]?|[ ]?艾特[ ]?)"
"""Needs no word for the dots."""
_SPELT = re.compile(
    rf"(?i)(?<![A-Za-z0-9]){_LOCAL}(?:{_DOT}{_LOCAL})?(?:{_AT}{_HOST}(?:\.{_HOST})*"
    rf"(?:{_DOT}{_HOST})+|{_PLAIN_AT}{_HOST}(?:\.{_HOST})+)(?![A-Za-z0-9])"
)
_ESCAPED = re.compile(r"(?<=[0-9A-Za-z])\\(?=[._\-+@][0-9A-Za-z])")
"""Escaped as in Markdown."""
_SPACED = re.compile(
    r"(?i)(?:(?:(?:e-?mail|mail|邮箱|邮件|郵箱)[^\n@]{0,16}?)(?<![A-Za-z0-9])|(?<![A-Za-z0-9._%+\-])"
    r"(?=[A-Za-z]*[0-9._]))"
    rf"(?P<value>(?P<local>{_LOCAL})(?:[ ]{{1,2}}[@＠][ ]{{0,2}}|[@＠][ ]{{1,2}})"
    rf"(?P<host>{_HOST}(?:\.{_HOST})+))"
)
_AT_WORD, _DOT_WORD = re.compile(_AT, re.I), re.compile(_DOT, re.I)
_CELL = r"(?:[ \t]?(?:\||,|;|\t|</t[dh]>\s{0,4}<t[dh][^<>]{0,40}>)[ \t]?)"
_CELLS = re.compile(
    rf"(?i)(?<![0-9])1[3-9][0-9](?P<s>{_CELL})[0-9]{{4}}(?P=s)[0-9]{{4}}(?![0-9]|,[0-9])"
)
_GROUPED = re.compile(
    r"(?i)(?:手机|手機|电话|電話|号码|號碼|卡号|账号|phone|mobile|tel|cell|card|account)[^0-9\n]{0,12}"
    r"(?P<value>[0-9]{1,3}(?:,[0-9]{3}){3,6})(?![0-9]|,[0-9])"
)
_HAN_APART = re.compile(
    rf"[{_HAN_DIGITS}](?:[、，,.·\- ][{_HAN_DIGITS}]){{9,19}}(?![、，,.·\- ]?[{_HAN_DIGITS}])"
)
_LINE_END = re.compile(r"(?<=[0-9])-[ ]?\r?\n[ \t]{0,4}(?=[0-9])")
_GAP = r"[、，,.·\- ]"
_SUFFIXES = (
    *("com", "org", "net", "edu", "gov", "cn", "io", "uk", "de"),
    *("fr", "jp", "kr", "ru", "eu", "hk", "tw"),
)
"""Accepted after ` dot ` and 。: other suffixes are also ordinary words."""
_SUFFIX = "|".join(_SUFFIXES)
_HAN_STOP = re.compile(rf"(?i)@(?:{_HOST}\.)*{_HOST}(?P<value>。)(?=(?:{_SUFFIX})(?![A-Za-z0-9]))")
"""A full stop of a Chinese keyboard in an address."""
TRIGGER = (
    r"(?i)[0-9a-z]\s?[@＠] |[0-9a-z] [@＠]|[\[({< ]dot[\])}> ]|艾特|[\[({]\.[\])}]"
    r"|[a-z0-9][ (\[]?点[ )\]]?[a-z]"
    r"|1[3-9][0-9][ \t]?(?:[|,;\t]|</t[dh]>)[^0-9]{0,60}[0-9]{4}"
    r"|[0-9],[0-9]{3},[0-9]{3},[0-9]{3}|[0-9]- ?\r?\n|[0-9a-z]\\[._\-+@][0-9a-z]"
    rf"|[\[({{] ?(?:at|@) ?[\])}}]|[a-z0-9]。(?:{_SUFFIX})"
    rf"|(?:[{_HAN_DIGITS}]{_GAP}){{3}}[{_HAN_DIGITS}]"
)
"""RE2; matches in every text with one of the forms."""
_PLAINLY = re.compile(r"(?i) dot (?!.* dot )")


def written(source: View) -> View:
    """`source` itself when nothing is spelled out."""
    view = source
    for form in _FORMS:
        view = replaced(view, NAME, [*_edits(view.text, form)])
    return view


def _edits(text: str, form: _Form) -> Iterator[Edit]:
    """Edits of the group `value`, if the pattern has one; the text before it is kept."""
    spend, pattern = meter().spend, form.pattern
    part = "value" if "value" in pattern.groupindex else 0
    for start, end in _places(text, form):
        for match in pattern.finditer(text, start, end):
            spend()
            if (value := form.new(match)) is not None:
                yield *match.span(part), value


def _places(text: str, form: _Form) -> Iterator[tuple[int, int]]:
    """The spans to search for a form: the whole text if it is short, else the lines that may have
    it."""
    data = text.encode()
    if not form.one_line or len(text) < LONG:
        if found(form.likely, data):
            yield 0, len(text)
        return
    end = -1
    for at, _ in char_spans(form.likely, text, data):
        if at > end:
            start = text.rfind("\n", 0, at) + 1
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            yield start, end


def _address(match: re.Match[str]) -> str | None:
    spoken = _PLAINLY.search(match.group())
    if spoken and match.group()[spoken.end() :].lower() not in _SUFFIXES:
        return None
    local, host = _AT_WORD.split(match.group(), 1)
    return f"{_DOT_WORD.sub('.', local)}@{_DOT_WORD.sub('.', host)}"


def _spaced(match: re.Match[str]) -> str:
    return f"{match['local']}@{match['host']}"


class _Form(NamedTuple):
    """`likely`: RE2 that matches in every line, or text, in which `pattern` does."""

    likely: Any
    pattern: re.Pattern[str]
    new: New
    one_line: bool = True


_LETTER = r"[0-9A-Za-z\x{130}\x{131}\x{17f}\x{212a}\-]"
"""Letters that `re` treats as ASCII letters when ignoring case, and RE2 does not."""
_FORMS = (
    _Form(re2.compile(r"[0-9]- ?\r?\n"), _LINE_END, lambda match: "", one_line=False),
    _Form(re2.compile(r"[0-9A-Za-z]\\[._\-+@][0-9A-Za-z]"), _ESCAPED, lambda match: ""),
    _Form(re2.compile(rf"(?i){_LETTER}(?:{_DOT}|{_PLAIN_AT}){_LETTER}"), _SPELT, _address),
    _Form(re2.compile(rf"(?i)[0-9A-Za-z\-]。(?:{_SUFFIX})"), _HAN_STOP, lambda match: "."),
    _Form(re2.compile(r"[ ][@＠]|[@＠][ ]"), _SPACED, _spaced),
    _Form(
        re2.compile(r"(?i)1[3-9][0-9][ \t]?(?:[|,;\t]|</t[dh])"),
        _CELLS,
        lambda match: match.group().replace(match["s"], " "),
        one_line=False,
    ),
    _Form(
        re2.compile(r"[0-9](?:,[0-9]{3}){3}"),
        _GROUPED,
        lambda match: match["value"].replace(",", ""),
    ),
    _Form(
        re2.compile(rf"(?:[{_HAN_DIGITS}]{_GAP}){{3}}"),
        _HAN_APART,
        lambda match: match.group()[::2].translate(_HAN_VALUES),
    ),
)
