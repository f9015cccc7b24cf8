"""The gate says nothing that a scan would not say, and it opens for ordinary prose."""

from __future__ import annotations

import re
import re._constants as ops
import re._parser as parser
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from threegate.detectors.custom.detector import ListDetector
from threegate.detectors.engine import open_match, plain_text_fast_path
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.folding import fold
from threegate.detectors.engine.scanner import PatternScanner
from threegate.detectors.registry import DETECTORS, scanner
from threegate.detectors.secrets.rule_loader import load_all
from threegate.policy.model import WordList
from threegate.types import Channel, Layer, Passage, TextLocation

from tests.detectors.strategies import texts

ANSWERS = frozenset(
    ("pii.cn", "pii.us", "pii.bank_card", "pii.email", "pii.phone", "pii.ip", "pii.iban", "secret")
)
"""What the base policy looks for in answers."""
SCANNER = scanner(ANSWERS)
LIST = ListDetector(
    WordList("house", "list.house", ("Be truthful. Say so", "如实回答", "say when"), match="word")
)
HERE = TextLocation(Layer.OUTPUT, Channel.CONTENT)
WORDS = [
    "The ", "quick ", "brown fox ", "expensive checks, ", "Be truthful. ", "say when ", "如实", "回答", "缓存会保留", "结果，",
    "微信：felixtomas", "wechat: felix", "文", "新", "一", "云A", "password is Hello", "AB ", "secret", "key ", "it's. ", "So: ", "W", "J ",
]  # fmt: skip
UNUSUAL = plain_text_fast_path.PlainTextFastPath((), (open_match.token,))._unusual
Pieces = st.lists(st.one_of(st.sampled_from(WORDS), texts(3)), max_size=8)


def streams() -> st.SearchStrategy[list[str]]:
    """A text cut anywhere."""
    return st.builds(
        _cut, Pieces.map("".join), st.lists(st.integers(1, 9), min_size=1, max_size=60)
    )


def _cut(text: str, sizes: list[int]) -> list[str]:
    out, at = [], 0
    for size in sizes:
        out.append(text[at : at + size])
        at += size
    return [*out, text[at:]]


@pytest.mark.parametrize("detector", [SCANNER, LIST], ids=["patterns", "list"])
@given(pieces=streams())
@example(pieces=["AB", " ", "CD"])
@example(pieces=["wechat: ", "felixtomas "])
def test_the_gate_says_what_a_scan_says(detector: PatternScanner, pieces: list[str]) -> None:
    text, settled = "", 0
    for piece in pieces:
        text += piece
        said = detector.settled_without_scan(text, settled)
        scan = detector.scan(Passage(HERE, text), final=False)
        if said >= 0:
            over = detector.scan(Passage(HERE, text))
            found = (*scan.findings, *over.findings)
            assert [f for f in found if f.span.start >= settled] == []
            assert said == max(settled, scan.settled)
        settled = max(settled, scan.settled)


def test_plain_words_after_an_address_are_released_without_a_scan() -> None:
    text = "You can reach us at support@example.com and we answer within a day "
    start = text.index("and")
    assert SCANNER.settled_without_scan(text, start) == len(text)


WHOLE = plain_text_fast_path.WholeTextFastPath(DETECTORS)


@given(pieces=Pieces)
@example(pieces=["一三八", "零零一三八零零零"])
@example(pieces=["password is Hello"])
def test_nothing_is_found_in_a_whole_text_that_is_plain(pieces: list[str]) -> None:
    view = ScanText(fold("".join(pieces)))
    if WHOLE.finds_nothing(view.data):
        assert [hit for r in DETECTORS for hit in r.find(view)] == []


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("The quick brown fox, and no value. 缓存会保留最近的结果。", True),
        ("the door opens with 4471", False),
        ("幺三八零零一三八零零零", False),
        ("my password is sunflower", False),
    ],
)
def test_prose_is_plain(text: str, plain: bool) -> None:
    assert WHOLE.finds_nothing(fold(text).encode()) is plain


@pytest.mark.parametrize(
    ("text", "start", "settled"),
    [
        ("The quick brown fox ", 4, 20),
        ("The quick brown fo", 16, 16),
        ("One sentence. Another", 14, 14),
        ("缓存会保留最近的结果，", 0, 11),
        ("请求 body 只", 3, 9),
        ("The user may test a library, log the account, sign it ", 30, 54),
        ("用户的账户已经恢复，请重新登录，", 2, 16),
    ],
)
def test_prose_passes(text: str, start: int, settled: int) -> None:
    assert SCANNER.settled_without_scan(text, start) == settled


@pytest.mark.parametrize(
    "text", ["call 4", "a@b", "x=y", "sub.example", "antidisestablishment", "一", "微信：felix"]
)
def test_what_may_be_a_value_is_scanned(text: str) -> None:
    assert SCANNER.settled_without_scan(text, 0) == -1


def test_a_scanner_whose_tails_are_not_known_is_asked() -> None:
    assert scanner(frozenset({"pii.address"})).settled_without_scan("plain words ", 0) == -1


@given(texts())
def test_tails_hold_what_they_say(text: str) -> None:
    for tail, begins in open_match.BEGINS.items():
        at = tail(text)
        assert at >= open_match.token(text) or (begins and re.compile(begins).match(text, at))


@given(texts())
def test_only_what_says_so_finds_plain_words(text: str) -> None:
    view = ScanText(fold(text))
    for recognizer in DETECTORS:
        if not recognizer.plain:
            for hit in recognizer.find(view):
                run = len(view.text[hit.end :]) - len(
                    view.text[hit.end :].lstrip(open_match.TOKEN_CHARS)
                )
                assert UNUSUAL.search(view.text, hit.start, hit.end + run), recognizer.info.id


SECRETS = load_all()  # fmt: skip


def test_secrets_that_may_be_a_plain_word_say_so() -> None:
    """A value that is not plain is longer than a plain word and a sign behind it, and one token; or
    it holds the rule's keyword, and that is odd."""
    for rule in SECRETS:
        if rule.plain:
            continue
        value = _value(parser.parse(_as_python(rule.pattern)))
        whole = "(?P<value>" not in rule.pattern
        odd = whole and all(UNUSUAL.search(k) for k in rule.keywords)
        long = value.getwidth()[0] > open_match.WORD + 1 and not any(_outside(value))
        assert odd or long, rule.id


def _as_python(pattern: str) -> str:
    r"""RE2 writes a character as `\x{4e00}`."""
    return re.sub(r"\\x\{([0-9a-f]+)\}", lambda m: chr(int(m[1], 16)), pattern)


def _value(tree: parser.SubPattern) -> parser.SubPattern:
    number = tree.state.groupdict.get("value")
    found = [part for part in _parts(tree) if number is not None and part[0] == number]
    return found[0][1] if found else tree


def _parts(tree: parser.SubPattern) -> Iterator[tuple[int | None, parser.SubPattern]]:
    for op, value in tree:
        below = {
            ops.SUBPATTERN: lambda v: [v[3]],
            ops.BRANCH: lambda v: v[1],
            ops.MAX_REPEAT: lambda v: [v[2]],
            ops.MIN_REPEAT: lambda v: [v[2]],
        }.get(op, lambda v: [])(value)
        for part in below:
            yield (value[0] if op is ops.SUBPATTERN else None), part
            yield from _parts(part)


def _outside(tree: parser.SubPattern) -> Iterator[bool]:
    """For every character that a pattern takes: whether it may be none of a token."""
    for op, value in [*tree, *(item for _, part in _parts(tree) for item in part)]:
        if op is ops.LITERAL:
            yield chr(value) not in open_match.TOKEN_CHARS
        elif op in (ops.NOT_LITERAL, ops.ANY):
            yield True
        elif op is ops.IN:
            yield any(_item_outside(*item) for item in value)


def _item_outside(op: object, value: object) -> bool:
    if op is ops.LITERAL:
        return chr(value) not in open_match.TOKEN_CHARS
    if op is ops.RANGE:
        return any(chr(c) not in open_match.TOKEN_CHARS for c in range(value[0], value[1] + 1))
    return value is not ops.CATEGORY_DIGIT
