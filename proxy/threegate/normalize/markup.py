r"""The view without markup inside words: a text as it is displayed, or as its program prints it.

`ig<b></b>no<!-- x -->re`, `\text{ig}\text{nore}`, `| ig | no | re |`, `"ig" + "no" + "re"` and
`ig**no**re` are all read as `ignore`. Inline tags and comments go wherever they are. Tags that
begin a new block, cells and list items only join pieces of up to three letters, because elsewhere
they separate words, and never numbers: digits in columns are no one number.

The work is linear in the text: a pattern is bounded, or stops at the next sign with which it may
begin.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from threegate.normalize.view import Edit, View, replaced
from threegate.normalize.work import meter

NAME = "markup"
_WORD = r"0-9A-Za-z\x{80}-\x{10ffff}"
_QUOTES = "\"'`"
_OPERATOR = r"(?:\+\+?|[&~^]|\|\||\.\.| \. |\.|<>|\\)"
_WRAPPERS = r"(?:text|math|emph|mbox|hbox|fbox|operatorname|underline|uline)"
_SHORT_LITERAL = rf"[{_QUOTES}][A-Za-z ]{{1,3}}[{_QUOTES}]"
TRIGGERS = (
    rf"[{_WORD}@._+\-](?:(?:\s?<[/!?A-Za-z](?:[^<]|\"[^\"]*\"|'[^']*')*>)+\s?[{_WORD}@._+\-]|<!|/\*)",
    rf"\\{_WRAPPERS}[a-z]{{0,12}}\*?\{{|[A-Za-z]\\[,!/][A-Za-z]",
    rf"[{_WORD}]\\?[{_QUOTES}]\s*{_OPERATOR}\s*[A-Za-z]?\\?[{_QUOTES}]"
    rf"|[{_QUOTES}]\s*{_OPERATOR}\s*[A-Za-z]?\\?[{_QUOTES}][{_WORD}]",
    rf"(?:{_SHORT_LITERAL}\s*,?\s*){{2}}{_SHORT_LITERAL}",
    r"(?:\|[ \t]*[A-Za-z]{1,3}[ \t]*){3}\|",
    r"[A-Za-z](?:\*\*\*?|~~|\{\}|\}\{|\$\$)[A-Za-z]",
)
"""RE2; one of them matches in every text that may have something to remove."""

_ROUNDS = 3
"""How deep wrappers may be nested in each other."""
_TAG = re.compile(
    r"<!\[CDATA\[|\]\]>|<[!?][^<>]{0,400}+>"
    r"|</?(?P<name>[A-Za-z][\w:\-]*+)[^<>\"']*+"
    r"(?:(?:\"[^\"]{0,200}+\"|'[^']{0,200}+')[^<>\"']*+){0,40}>"
)
_BLOCKS = frozenset(
    """
    address article aside blockquote body br button caption dd div dl dt fieldset
    figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html input label legend
    li main nav ol optgroup option p pre script section select style summary table tbody
    td textarea tfoot th thead title tr ul
    """.split()  # noqa: SIM905
)
_BLOCK = rf"</?(?:{'|'.join(sorted(_BLOCKS))})\b[^<>]{{0,200}}+>\s{{0,8}}+"
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_PIECE, _LETTER = rf"(?:[A-Za-z]{{1,3}}+|[{_HAN}]{{1,3}}+)", f"[A-Za-z{_HAN}]"
_APART = re.compile(rf"(?i)(?<!{_LETTER}){_PIECE}(?:(?:{_BLOCK}){{1,6}}{_PIECE}(?!{_LETTER}))+")
_BLOCK_GAP = re.compile(r"(?:<[^<>]+>\s*)+")
_CELL_GAP = re.compile(r"[ \t]{0,8}+\|[ \t]{0,8}+(?:(?:\r?\n[ \t]{0,8}+)?\|[ \t]{0,8}+)?")
_CELLS = re.compile(
    rf"(?<![A-Za-z])[A-Za-z]{{1,3}}+(?:{_CELL_GAP.pattern}[A-Za-z]{{1,3}}+(?![A-Za-z])){{2,}}"
)
_WRAPPED = re.compile(
    rf"\\{{1,2}}+{_WRAPPERS}[a-z]{{0,12}}\*?\{{(?P<inside>[^{{}}\\]*+(?:\\[^{{}}A-Za-z][^{{}}\\]*+)*)\}}"
)
_NOTHING = re.compile(r"(?<=[A-Za-z])(?:\\[,!/]|\{\}|\}\{|\$\$|\*\*\*?|~~)(?=[A-Za-z])")
"""What is displayed as nothing between two letters."""
_SEAM = re.compile(
    rf"(?P<quote>\\?[{_QUOTES}])(?:(?<=\w.)|(?<=\w\\.)|(?=[^{_QUOTES}\w]{{1,80}}+[A-Za-z]?[{_QUOTES}]\w))"
    rf"\s{{0,40}}+{_OPERATOR}\s{{0,40}}+[A-Za-z]?(?P=quote)"
)
"""Between two literals, of which one begins or ends with a letter or digit there."""
_LITERAL_GAP = re.compile(rf"[{_QUOTES}]\s{{0,20}}+,?\s{{0,20}}+[{_QUOTES}]")
_LITERALS = re.compile(rf"{_SHORT_LITERAL}(?:\s{{0,20}}+,?\s{{0,20}}+{_SHORT_LITERAL}){{2,}}")
_IN_WORD = re.compile(rf"[A-Za-z0-9]{{1,3}}|[{_HAN}]{{1,3}}")
_COUNTED = 16


def displayed(source: View) -> View:
    """`source` itself when it has no markup."""
    view = source
    for sign, edits in _STEPS:
        if sign in view.text:
            view = replaced(view, NAME, [*edits(view.text)])
    return view


def cut_pieces(view: View) -> int:
    """How many pieces of up to three letters or digits lie between two places where this view, or
    one that it was made of, has removed markup."""
    count = 0
    while view.source is not None:
        if view.name == NAME:
            gaps = zip(view.pieces.ends, view.pieces.starts[1:], strict=False)
            count += sum(bool(_IN_WORD.fullmatch(view.text, *gap)) for gap in gaps)
        view = view.source
    return count


Edits = Iterator[Edit]


def _comments(text: str) -> Edits:
    start = text.find("<!--")
    while start >= 0 and (end := text.find("-->", start + 2)) >= 0:
        meter().spend()
        yield start, end + 3, ""
        start = text.find("<!--", end + 3)


def _code_comments(text: str) -> Edits:
    """Only inside words: elsewhere they separate words."""
    start = text.find("/*")
    while start >= 0 and (end := text.find("*/", start + 2)) >= 0:
        meter().spend()
        if start and text[start - 1].isalnum() and text[end + 2 : end + 3].isalnum():
            yield start, end + 2, ""
        start = text.find("/*", end + 2)


def _inline_tags(text: str) -> Edits:
    for match in _metered(_TAG.finditer(text)):
        if (match["name"] or "").lower() not in _BLOCKS:
            yield *match.span(), ""


def _wrappers(text: str) -> Edits:
    for match in _metered(_WRAPPED.finditer(text)):
        yield match.start(), match.start("inside"), ""
        yield match.end("inside"), match.end(), ""


def _removed(pattern: re.Pattern[str]) -> Callable[[str], Edits]:
    return lambda text: ((*match.span(), "") for match in _metered(pattern.finditer(text)))


def _gaps(
    run: re.Pattern[str], gap: re.Pattern[str], is_space: Callable[[str], bool]
) -> Callable[[str], Edits]:
    """Removes the gaps in runs of short pieces, or leaves a space for some."""

    def edits(text: str) -> Edits:
        for whole in _metered(run.finditer(text)):
            for match in _metered(gap.finditer(text, *whole.span())):
                yield *match.span(), " " * is_space(match.group())

    return edits


def _metered(matches: Iterator[re.Match[str]]) -> Iterator[re.Match[str]]:
    spend = meter().spend
    for n, match in enumerate(matches):
        if not n % _COUNTED:
            spend(_COUNTED)
        yield match


_STEPS: tuple[tuple[str, Callable[[str], Edits]], ...] = (
    ("<!--", _comments),
    ("<", _inline_tags),
    ("<", _gaps(_APART, _BLOCK_GAP, lambda gap: gap.count("<") > 2)),
    ("/*", _code_comments),
    ("|", _gaps(_CELLS, _CELL_GAP, lambda gap: gap.count("|") > 1 and "\n" not in gap)),
    *[("\\", _wrappers)] * _ROUNDS,
    ("", _removed(_NOTHING)),
    ("", _removed(_SEAM)),
    ("", _gaps(_LITERALS, _LITERAL_GAP, lambda gap: False)),
)
"""For each form a sign that occurs in every text with it, and its edits."""
