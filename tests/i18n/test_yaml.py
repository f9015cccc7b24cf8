"""Broken YAML: what is wrong and where, in words of our own, whichever parser found it."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from threegate.i18n.yaml import translated
from threegate.policy.language.nodes import read
from threegate.types import Bilingual

from tests.policy.packs import GOOD

HAN = re.compile(r"[\u3400-\u9fff]")
BROKEN = [
    ("a: [\n", 2, 1, "缺一个值", "a value is missing"),
    ("a: [1 2\nb: 1\n", 2, 2, "缺右方括号 ]（方括号从第 1 行开始）", "closing ] is missing (the bracket begins on line 1)"),
    ("a: {b: 1\nc: 2\n", 2, 2, "缺右花括号 }（花括号从第 1 行开始）", "closing } is missing (the brace begins on line 1)"),
    ("a: {b: [c}\n", 1, 10, "缺右方括号", "closing ]"),
    ("a: b: c\n", 1, 5, "不能有冒号", "no colon is allowed here"),
    ("a: 1\n  b: 2\n", 2, 4, "不能有冒号", "no colon is allowed here"),
    ("a: - b\n", 1, 4, "不能以“- ”开始", 'no item may begin with "- "'),
    ("a:\n  b: 1\n c: 2\n", 3, 2, "同一层的下一个键", "next key of the same level"),
    ("a: 'b' c\n", 1, 8, "值后面多出的文字", "text after a value"),
    ("a: 1\n}\n", 2, 1, "（这一组键从第 1 行开始）", "(this group of keys begins on line 1)"),
    ("- a\nb: 1\n", 2, 1, "（这个列表从第 1 行开始）", "(this list begins on line 1)"),
    ("x: 1\na\nb: 1\n", 3, 1, "键后面缺冒号（这个键从第 2 行开始）", "colon after the key is missing (the key begins on line 2)"),
    ("{a: 1}\nb\n", 2, 1, "已经完整", "is complete"),
    ("'a'\n: 1\nb\n", 2, 1, "已经完整", "is complete"),
    ("a:\n\t- b\n", 2, 1, "制表符", "a tab"),
    ("a: 1\n\tb: 2\n", 2, 1, "制表符", "a tab"),
    ("\ta: 1\n", 1, 1, "制表符", "a tab"),
    ("a: @x\n", 1, 4, "不能以这个字符开头", "no value may begin with this character"),
    ("a: `x`\n", 1, 4, "不能以这个字符开头", "no value may begin with this character"),
    ("a: %x\n", 1, 4, "不能以这个字符开头", "no value may begin with this character"),
    ("a: 'x\n", 2, 1, "引号没有闭合，文件就结束了（引号从第 1 行开始）", "before the file ends (the quote begins on line 1)"),
    ("中: \"x\nb: 1\n", 3, 1, "引号没有闭合", "quote is not closed"),
    ("a: 'x\n--- \nb: 1\n", 2, 1, "出现了 --- 或 ...", "before --- or ..."),
    ('a: "\\q"\n', 1, 5, "不认识这个转义", "unknown escape"),
    ('a: "\\xZZ"\n', 1, 7, "十六进制", "hexadecimal digits"),
    ('a: "\\uD800"\n', 1, 7, "不是有效的字符", "no valid character"),
    ("a: & x\n", 1, 5, "& 或 *", "& or *"),
    ("a: * x\n", 1, 5, "& 或 *", "& or *"),
    ("a: [,]\n", 1, 5, "多了逗号或括号", "comma or bracket too many"),
    ("a: ]\n", 1, 4, "多了逗号或括号", "comma or bracket too many"),
    ("[a, b]]\n", 1, 7, "已经完整", "is complete"),
    ("a: | x\n  y\n", 1, 6, "| 或 > 后面只能写", "may follow | or >"),
    ("a: >5x\n", 1, 6, "| 或 > 后面只能写", "may follow | or >"),
    ("a: |0\n  y\n", 1, 5, "1 到 9", "from 1 to 9"),
    ("中文: \x01\n", 1, 5, "控制字符", "control character"),
    ("%FOO\na: 1\n", 1, 5, "YAML 指令", "YAML directive"),
    ("%YAML 2.0\n---\na: 1\n", 1, 1, "YAML 指令", "YAML directive"),
    ("a: !<x 1\n", 1, 7, "YAML 标签", "YAML tag"),
    ("a: !x!y 1\n", 1, 4, "YAML 标签", "YAML tag"),
    ("[" * 2000, 1, 1001, "嵌套", "nesting"),
    ("a: 1\nb：2\nc: 3\n", 3, 1, "全角的“：”", "full-width"),
    ("- id：x\n  a: 1\n", 2, 4, "全角的“：”", "full-width"),
    ("a: ｛b: 1}\n", 1, 6, "括号是全角的", "a bracket is full-width"),
    ("a:\n  － b: 1\n    c: 2\n", 3, 6, "短横是全角的", "not an ASCII one"),
    ("a:\n  - b: 1\n  \u3000c: 2\n    d: 1\n", 3, 3, "全角空格", "no-break space"),
    ("a:\n  - b: 1\n  \u00a0 c: 2\n    d: 1\n", 3, 3, "不换行空格", "no-break space"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "zh", "en"), BROKEN)
def test_said_in_both_languages_at_its_place(
    text: str, line: int, column: int, zh: str, en: str
) -> None:
    problem = read(text.encode(), "x.yaml")[1][-1]
    assert problem.code in ("yaml-syntax", "too-deep")
    assert (problem.at.line, problem.at.column) == (line, column)
    assert zh in problem.text.zh
    assert en in problem.text.en
    assert HAN.search(problem.hint.zh)
    assert "did not find" not in problem.text.en + problem.text.zh


def complaint(text: str, loader: type) -> Bilingual | None:
    """What one parser says of a text, in our words; None where it finds nothing wrong."""
    try:
        for _ in yaml.parse(text, Loader=loader):
            pass
    except yaml.MarkedYAMLError as error:
        return translated(str(error.problem), error.context or "")
    except yaml.reader.ReaderError as error:
        return translated(error.reason)
    return None


LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])]
OWN_WORDS = "解析器的原话"


@pytest.mark.parametrize("loader", LOADERS)
def test_both_parsers_are_understood(loader: type) -> None:
    found = [c for text, *_ in BROKEN[:-1] if (c := complaint(text, loader))]
    assert len(found) > 30
    assert [words for words in found if OWN_WORDS in words.zh] == []


PIECES = [
    *list("\t\n :-[]{},'\"&*!|>%@`#?\\<"),
    "- ",
    ": ",
    "\n  ",
    "---\n",
    '"\\x',
    "!!a ",
    "|0",
    "中",
]
"""What breaks a file: marks of YAML in the wrong place."""


@pytest.mark.parametrize("loader", LOADERS)
@given(
    cuts=st.lists(
        st.tuples(st.integers(0, len(GOOD)), st.integers(0, 3), st.sampled_from(PIECES)),
        min_size=1,
        max_size=4,
    )
)
def test_no_broken_pack_is_answered_in_the_words_of_a_parser(
    loader: type, cuts: list[tuple[int, int, str]]
) -> None:
    text = GOOD
    for at, length, piece in cuts:
        text = text[:at] + piece + text[at + length :]
    words = complaint(text, loader)
    assert words is None or OWN_WORDS not in words.zh, words
    assert words is None or not HAN.search(words.en), words


def test_an_unknown_complaint_keeps_the_words_of_the_parser() -> None:
    words = translated("something new")
    assert words == Bilingual("（解析器的原话）something new", "something new")
