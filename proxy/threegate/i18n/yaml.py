"""What a YAML parser complains of, in words of our own and both languages.

libyaml and PyYAML word a mistake differently, so an entry names both wordings. A complaint without
an entry keeps the words of the parser. Its `while …`, where that began on another line, tells in
which part of the file the mistake lies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from threegate.types import Bilingual

_SAYINGS: Iterable[tuple[str, Bilingual]] = (
    (
        r"did not find expected key|expected <block end>",
        Bilingual(
            "这里应是同一层的下一个键：检查缩进，以及值后面多出的文字",
            "the next key of the same level is expected here: look at the indentation, and for "
            "text after a value",
        ),
    ),
    (
        r"did not find expected '-' indicator",
        Bilingual(
            "这里应是同一层的下一项，以“- ”开头：检查缩进",
            'the next item of the list is expected here, with "- ": look at the indentation',
        ),
    ),
    (
        r"expected ',' or '\]'",
        Bilingual("方括号里缺逗号，或缺右方括号 ]", "a comma or the closing ] is missing"),
    ),
    (
        r"expected ',' or '\}'",
        Bilingual("花括号里缺逗号，或缺右花括号 }", "a comma or the closing } is missing"),
    ),
    (
        r"mapping values are not allowed",
        Bilingual(
            "这里不能有冒号：一行写了两个键，或缩进不对；含冒号的文字要加引号",
            "no colon may stand here: two keys on one line, or a wrong indentation; quote a text "
            "that holds a colon",
        ),
    ),
    (
        r"mapping keys are not allowed",
        Bilingual("这里不能用 ? 写键", "no key may be written with ? here"),
    ),
    (
        r"sequence entries are not allowed",
        Bilingual(
            "这里不能以“- ”开始一项：另起一行并对齐；以“- ”开头的文字要加引号",
            'no item may begin with "- " here: start a new line; quote a text that begins so',
        ),
    ),
    (
        r"could not find expected ':'",
        Bilingual("键后面缺冒号", "the colon after the key is missing"),
    ),
    (
        r"found a tab|'\\t' that cannot start|cannot start any token '\\t'",
        Bilingual("用了制表符缩进，应改为空格", "a tab is used where spaces must stand"),
    ),
    (
        r"that cannot start any token",
        Bilingual(
            "值不能以这个字符开头，要加引号",
            "no value may begin with this character; put it in quotes",
        ),
    ),
    (
        r"unexpected end of stream",
        Bilingual("引号没有闭合，文件就结束了", "a quote is not closed before the file ends"),
    ),
    (
        r"unexpected document (indicator|separator)",
        Bilingual(
            "引号没有闭合，就出现了 --- 或 ...", "a quote is not closed before --- or ... stands"
        ),
    ),
    (
        r"unknown escape character",
        Bilingual(
            "双引号里不认识这个转义；反斜杠要写两个，或改用单引号",
            "unknown escape in double quotes; write the backslash twice, or use single quotes",
        ),
    ),
    (
        r"expected hexdecimal|escape sequence of \d+ hexadecimal",
        Bilingual(
            r"双引号里的 \x 或 \u 后面要写十六进制数字",
            r"\x or \u in double quotes needs hexadecimal digits",
        ),
    ),
    (
        r"invalid Unicode character escape",
        Bilingual(
            "双引号里的转义不是有效的字符", "an escape in double quotes names no valid character"
        ),
    ),
    (
        r"expected alphabetic or numeric character",
        Bilingual("以 & 或 * 开头的文字要加引号", "put a text that begins with & or * in quotes"),
    ),
    (
        r"expected (the )?node content",
        Bilingual(
            "这里缺一个值；是不是多了逗号或括号",
            "a value is missing here; is there a comma or bracket too many",
        ),
    ),
    (
        r"expected '?<document start>",
        Bilingual(
            "前面的内容到此已经完整，这里不能再有文字；检查缩进和多余的括号、引号",
            "what stands before is complete, and no text may follow; look for a wrong indentation "
            "or a bracket or quote too many",
        ),
    ),
    (
        r"expected (a )?comment or (a )?line break|expected chomping or indentation",
        Bilingual(
            "| 或 > 后面只能写 + 或 -、缩进数字、注释或换行",
            "only + or -, a digit, a comment or a line break may follow | or >",
        ),
    ),
    (
        r"indentation indicator (equal to|in the range)",
        Bilingual(
            "| 或 > 后面的缩进数字要在 1 到 9 之间", "the digit after | or > must be from 1 to 9"
        ),
    ),
    (
        r"found unexpected ':'",
        Bilingual("括号里含冒号的文字要加引号", "quote a text with a colon inside brackets"),
    ),
    (
        r"(control|special) characters are not allowed",
        Bilingual("有看不见的控制字符，要删除", "an invisible control character must be removed"),
    ),
    (
        r"exceeded maximum nesting depth",
        Bilingual("嵌套太深", "nesting is too deep"),
    ),
)
_DIRECTIVE = Bilingual(
    "行首的 % 是 YAML 指令，策略里不用；是文字就加引号",
    "% at the start of a line is a YAML directive, which policies do not use; quote a text",
)
_TAG = Bilingual(
    "以 ! 开头的是 YAML 标签，策略里不用；是文字就加引号",
    "! begins a YAML tag, which policies do not use; quote a text",
)
_BY_PLACE: Iterable[tuple[str, Bilingual]] = (
    (r"scanning a directive|%YAML|%TAG|directive|incompatible YAML", _DIRECTIVE),
    (r"(parsing|scanning) a tag|tag handle", _TAG),
)
_PARTS: Iterable[tuple[str, Bilingual]] = (
    (r"block mapping", Bilingual("这一组键", "this group of keys")),
    (r"block (collection|sequence)", Bilingual("这个列表", "this list")),
    (r"flow mapping", Bilingual("花括号", "the brace")),
    (r"flow sequence", Bilingual("方括号", "the bracket")),
    (r"quoted scalar", Bilingual("引号", "the quote")),
    (r"simple key", Bilingual("这个键", "the key")),
    (r"block scalar", Bilingual("这段文字", "the text")),
)
_FULL_WIDTH: Iterable[tuple[str, Bilingual]] = (
    (
        r"(?m)^\s*(?:[-－]\s*)?[\w.-]+\s*：",
        Bilingual(
            "键后面的冒号是全角的“：”，要写半角的“:”和一个空格",
            "the colon behind a key is the full-width one; write the ASCII : and a blank",
        ),
    ),
    (
        r"(?m)[:,\[{]\s*[｛［【]|[｝］】]\s*$",
        Bilingual(
            "括号是全角的，要写半角的 [ ] { }", "a bracket is full-width; write [ ] { } of ASCII"
        ),
    ),
    (
        r"(?m)^\s*[－—–]",
        Bilingual(
            "列表项前面的短横是全角的，要写半角的“- ”",
            'the dash before an item is no ASCII one; write "- "',
        ),
    ),
    (
        r"(?m)^ *[\u3000\u00a0]",
        Bilingual(
            "缩进里有全角空格或不换行空格，要写普通空格",
            "a full-width or no-break blank is in the indentation; write plain blanks",
        ),
    ),
)


def _first(table: Iterable[tuple[str, Bilingual]], text: str) -> Bilingual | None:
    return next((words for pattern, words in table if re.search(pattern, text)), None)


def said(
    problem: str, context: str = "", character: str = "", began: int = 0, lines: str = ""
) -> Bilingual:
    """A complaint in both languages. `character` stands at the place; `began` is the line where the
    part named by `context` begins, 0 where that is the line of the mistake itself. `lines` are the
    one at fault and the one above: full-width signs in them are what is wrong."""
    if (typed := _first(_FULL_WIDTH, lines)) is not None:
        return typed
    words = _first(_BY_PLACE, f"{context} {problem}")
    words = words or _first(_SAYINGS, f"{problem} {character!r}")
    if words is None:
        return Bilingual(f"（解析器的原话）{problem}", problem)
    part = _first(_PARTS, context) if began else None
    if part is None:
        return words
    return Bilingual(
        f"{words.zh}（{part.zh}从第 {began} 行开始）",
        f"{words.en} ({part.en} begins on line {began})",
    )
