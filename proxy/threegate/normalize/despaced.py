"""The joined view: characters that were written apart, joined again.

身*份*证, `1 3 8 - 1 2 …`, i.g.n.o.r.e, one character per line. Ordinary lists (红、黄、蓝), dates
and decimals stay: Chinese punctuation joins only runs of single characters.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import re2

from threegate.normalize.re2_spans import found
from threegate.normalize.view import New, View, edited, focused, removed

NAME = "joined"

HAN = "\u3400-\u4dbf\u4e00-\u9fff"
SOFT = " \t\u3000*_\\-.·•・|/\\\\~+^#=&'`\"\u2600-\u27bf\U0001f300-\U0001faff"
_SEPARATORS = "*_|~^#·•・"
_SIGN = r"[^\w\n]"

_HAN_GAP = re.compile(rf"(?<=[{HAN}])[{SOFT}]{{1,3}}(?=[{HAN}])")
_WIDE = "\u00a0\u3000"
_WIDE_GAP = re.compile(f"[ \t{_WIDE}]{{2,}}|[{_WIDE}]")
_SEPARATOR_GAP = re.compile(rf"(?<=[0-9])[{_SEPARATORS}]{{1,2}}(?=[0-9])")
_SEPARATOR = rf"(?P<s>{_SIGN}{{1,2}}|_)"
_HALT = "，。：；、！？"
_BEFORE = rf"(?:^|(?<=[ :,{_HALT}])|(?<=[{HAN}])(?=[!-~]))"


def _many(part: str, least: int) -> str:
    """A pattern for `part` at least `least` times, tried by `re` in the same order. An iteration of
    a loop costs six times as much as the part itself, so one iteration matches sixteen parts."""
    return part * least + rf"(?:{part * 16})*(?:{part}){{0,15}}"


_RUNS = (
    re.compile(rf"(?<![{HAN}])[{HAN}]{_SEPARATOR}{_many(rf'[{HAN}](?P=s)', 2)}[{HAN}](?![{HAN}])"),
    re.compile(rf"(?<![0-9A-Za-z])[!-~]{_SEPARATOR}{_many('[ -~](?P=s)', 1)}[!-~](?![0-9A-Za-z])"),
    re.compile(
        rf"(?m){_BEFORE}[!-~{HAN}](?P<s>\r?\n){_many(rf'[ -~{HAN}{_HALT}](?P=s)', 1)}[!-~{HAN}]$"
    ),
)
_DIGITS = re.compile(rf"(?<![0-9A-Za-z])[0-9]{_many(rf'{_SIGN}{{1,2}}[0-9](?![0-9A-Za-z])', 6)}")

_NO_DIGIT = re.compile("[^0-9]+")
_DIGITS_APART = 7
"""Fewer on one line are versions (2.1.3) or separate numbers, as in the path of a drawing."""
_MARK = r"[^\pL\pN_\n]"
_PARTED = rf"(?:{_MARK}{{1,2}}|_)"
_GATES = {
    _RUNS[0]: rf"[{HAN}]{_PARTED}(?:[{HAN}]{_PARTED}){{2}}[{HAN}]",
    _RUNS[1]: rf"(?:\A|[^0-9A-Za-z])[!-~]{_PARTED}(?:[ -~]{_PARTED})+?[!-~](?:\z|[^0-9A-Za-z])",
    _RUNS[2]: rf"(?m)(?:^|[ :,{_HALT}{HAN}])[!-~{HAN}]\r?\n(?:[ -~{HAN}{_HALT}]\r?\n)+?[!-~{HAN}]$",
    _DIGITS: rf"[0-9](?:{_MARK}{{1,2}}[0-9]){{6}}",
    _HAN_GAP: rf"[{HAN}][{SOFT}]{{1,3}}[{HAN}]",
    _SEPARATOR_GAP: rf"[0-9][{_SEPARATORS}]{{1,2}}[0-9]",
    _WIDE_GAP: f"[ \t{_WIDE}]{{2}}|[{_WIDE}]",
}
"""RE2 patterns that match in every text in which the keys match: a cheap test before `re` runs."""
_CHINESE = (_RUNS[0], _HAN_GAP)
TRIGGERS = (
    rf"\p{{Han}}[{SOFT}]{{1,3}}\p{{Han}}",
    rf"[0-9][{_SEPARATORS}]{{1,2}}[0-9]",
    rf"(?:\p{{Han}}{_MARK}{{1,2}}){{3}}\p{{Han}}",
    rf"(?:\b[0-9]{_MARK}{{1,2}}){{6}}[0-9]\b",
    rf"(?:\b[0-9A-Za-z](?:{_MARK}{{1,2}}|_)){{3}}[0-9A-Za-z]\b|(?:[A-Za-z0-9]_){{4}}[A-Za-z0-9]",
    r"(?m)^(?:[0-9A-Za-z\p{Han}]\r?\n){2}[0-9A-Za-z\p{Han}]\r?$",
)
"""RE2; one of them matches in every text that may have something to join."""


def joined(source: View) -> View:
    """`source` itself when nothing is written apart. Wide gaps are closed only near joined text,
    because elsewhere they are indentation."""
    view = source
    for run in _RUNS:
        view = _edited(view, run, _without_separator)
    view = _edited(view, _DIGITS, _digits)
    for gap in (_HAN_GAP, _SEPARATOR_GAP):
        view = removed(view, NAME, gap) if _occurs(gap, view) else view
    if view is source:
        return view
    return _edited(focused(view, source), _WIDE_GAP, lambda match: " ")


def _edited(view: View, pattern: re.Pattern[str], new: New) -> View:
    return edited(view, NAME, pattern, new) if _occurs(pattern, view) else view


def _occurs(pattern: re.Pattern[str], view: View) -> bool:
    if pattern in _CHINESE and view.text.isascii():
        return False
    return found(_gates()[pattern], view.text.encode())


@cache
def _gates() -> dict[re.Pattern[str], Any]:
    return {pattern: re2.compile(gate) for pattern, gate in _GATES.items()}


def _without_separator(match: re.Match[str]) -> str | None:
    """A separator in place of a character separates two words. None: the characters do not belong
    to one word."""
    separator = match["s"]
    chars = match.group()[:: 1 + len(separator)].replace(separator, " ")
    digits = chars.strip("-.")
    few = digits.isdigit() and len(digits) < _DIGITS_APART and "\n" not in separator
    return None if few else chars


def _digits(match: re.Match[str]) -> str:
    return _NO_DIGIT.sub("", match.group())
