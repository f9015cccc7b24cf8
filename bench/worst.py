"""What the worst texts cost each family of rules, in milliseconds of processor time per MiB.

    python bench/worst.py                     # worst text of every family
    python bench/worst.py --json FILE         # the same, kept
    python bench/worst.py --hits              # texts of nothing but true values, microseconds a hit

Texts are one MiB of UTF-8: one class of characters, numbers and keys that just miss, and for every
recognizer its own false examples over and over. What is judged once for the same surroundings is
read where they differ each time too, as a family of its own; so are lists of nothing but passwords
(`all found`: what hits cost, without an aim). Else a family is a recognizer (the rules for secrets
each on its own), folding, the pre-scan, the injection signatures, a list of
100,000 words, an author's pattern of each form, the normalised views. Processor time, so other
programs of the machine do not count.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import re2
from threegate.cli.serving import freeze_startup_objects
from threegate.detectors.base import PatternDetector, Scanned
from threegate.detectors.custom import detector as custom
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.digit_index import LONG
from threegate.detectors.engine.digit_spans import stretches
from threegate.detectors.engine.folding import fold
from threegate.detectors.engine.recognizer import Recognizer
from threegate.detectors.engine.scanner import PatternScanner
from threegate.detectors.injection.detector import InjectionSignatures
from threegate.detectors.registry import DETECTORS
from threegate.normalize import views
from threegate.policy.model import CompiledPolicy, CustomPattern, WordList
from threegate.types import Channel, Layer, Passage, TextLocation
from worst_keys import near_keys
from worst_national import NATIONAL
from worst_units import BLOCKS, HITS, NAMED, Unit, word

MIB = 1 << 20
_LINE = 60
"""Characters of a unit that are shown."""
AIM = 50
LOCUS = TextLocation(Layer.INPUT, Channel.TOOL_RESULT)
TEXTS = {
    "digits": "1",
    "digits and spaces": "1 ",
    "digits and hyphens": "62-",
    "digits and dots": "1.",
    "digits, a line each": "1\n",
    "digits in brackets": "(0",
    "near cards": "4111 1111 1111 1112 ",
    "near resident ids": "110105194912310021,",
    "near resident ids with X": "11010519491231002Y ",
    "near mobiles": "1381234567 ",
    "near mobiles with hyphens": "138-1234-567 ",
    "near landlines": "010-6124 ",
    "plus signs and digits": "+1",
    "country codes": "+86 ",
    "letters": "a",
    "capitals": "A",
    "capitals and digits": "A1",
    "hexadecimal": "6e",
    "at signs": "a@",
    "colons": "a:",
    "Han": "国",
    "traditional Han": "請",
    "Han apart": "身*",
    "Chinese digits": "一",
    "Chinese digits and spaces": "一 ",
    "Chinese with numbers": "路3号",
    "provinces": "京A",
    "labels of passwords": "密码 ",
    "assignments": "key=",
    "near secrets": "sk-abc key=",
    "PEM heads": "-----BEGIN PRIVATE KEY-----",
    "JWT heads": "eyJ.",
    "quotes nested": "\"'`",
    "spaces": " ",
    "letters apart": "a.",
    "letters apart by spaces": "a ",
    "digits apart": "1-",
    "zero width": "\u200b",
    "combining marks": "a\u0336",
    "tags": "\U000e0041",
    "percent escapes": "%41",
    "percent signs": "%",
    "entities": "&#65;",
    "half entities": "&#",
    "backslashes": "\\u",
    "base64 of bytes": base64.b64encode(b"near match \xff\xfe and more").decode(),
    "base64 of text": base64.b64encode("号码在这里 ".encode() * 3).decode() + " ",
    "near orders": "ignore all previous ",
    "staff numbers": "EMP-123456 ",
    "near staff numbers": "EMP-12345 ",
    "rows": "a,_1\n",
}
DIFFERING = {
    "cn_social": ("wechat {word} ", "const wechat = require('{word}-pay-v3') ", "QQ {n}a "),
    "password": (
        *("password {word} is set 1 ", "pw {word} 1 ", "pass: {word}; 1 ", "password={word}1( "),
        *("密码{word}，1a ", "密码{n}。", "密码 {word} 12 ", "pwd {word}1@{word}.com "),
    ),
    "password_words": (
        *("pass: {word}; 1 ", "password={word}1( ", "the password is {word} as ever "),
        *("password: {word}-", "<pass>{word} ", "密码是{word}1 "),
    ),
    "pin": ("pin is {n}a ", "验证码：{n}x ", "密码{n}9。"),
    "secrets.generic_key": (
        *("key={word}{word}{word} ", "token: {word}_{word}_{word};", "key={word}{n}{word}{n}.py "),
        "secret = {word}.{word}{word}{word}.py ",
    ),
    "secrets.aws_secret": ("aws {word} secret={word}{word}{word}{word}{word}{word}abcd ",),
    "presidio": NATIONAL,
    "email": ("joe@{word}.nosuch ", "git@{word}.com:a ", "{word}%@{word}.com "),
}
"""Units that just miss, with another word of letters or number each time where they say so."""
PATTERNS = {
    "a number": r"EMP-\d{6}",
    "between edges": r"\b[A-Z]{2,5}-?\d{4,12}\b",
    "a label and its line": r"(?i)(?:key|密码)\s*[=:]?\s*.{4,}$",
    "from here to there": r"(?s)EMP.*END",
}
PASSWORDS = ("password", "password_words", "pin")
Work = Callable[[str], object]


def repeated(unit: str) -> str:
    return unit * (MIB // len(unit.encode()))


def differing(unit: str) -> str:
    return filled(lambda i: unit.format(word=word(i), n=100_000 + i, m=f"{i % 10_000:04}"))


def filled(unit: Unit) -> str:
    """One MiB of these."""
    parts: list[str] = []
    left = MIB
    while (left := left - len((part := unit(len(parts))).encode())) >= 0:
        parts.append(part)
    return "".join(parts)


def cost(work: Callable[[], object], aim: float = AIM) -> float:
    """The better of two runs where the first is over the aim: a busy machine only adds."""
    first = _once(work)
    return min(first, _once(work)) if first > aim else first


def _once(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000


def matrix() -> Iterator[tuple[str, str, float]]:
    """Family, text, milliseconds; every family that the pre-scan lets through."""
    others = list(_others())
    for name, unit in (TEXTS | dict(_near())).items():
        text = repeated(unit)
        for family, work in others:
            yield family, name, cost(partial(work, text))
        view = ScanText(fold(text))
        yield "arrays of numbers", name, cost(partial(_arrays, view))
        owner = name.partition(": ")[2]
        for recognizer in DETECTORS:
            if (not owner or recognizer.info.id == owner) and re2.search(
                recognizer.trigger, view.text
            ):
                yield recognizer.info.id, name, cost(partial(_found, recognizer, view))
    yield from _differing()


def _differing() -> Iterator[tuple[str, str, float]]:
    for recognizer in DETECTORS:
        for unit in DIFFERING.get(recognizer.info.id, ()):
            view = ScanText(fold(differing(unit)))
            _arrays(view)
            family = recognizer.info.id + ", each another" * ("{" in unit)
            name = unit if len(unit) < _LINE else f"{unit[:_LINE]}…"
            yield family, name, cost(partial(_found, recognizer, view))
    yield from _keys()
    for name, units in (BLOCKS | NAMED).items():
        yield "normalised views, each another", name, cost(partial(views, filled(units)))
    yield from _values()


def _keys() -> Iterator[tuple[str, str, float]]:
    """A quarter of a MiB each, as the rules are many; what a rule finds is no near miss."""
    for recognizer in (r for r in DETECTORS if r.info.id.startswith("secrets.")):
        for name, text in near_keys(recognizer, MIB // 4):
            view = ScanText(fold(text))
            _arrays(view)
            if any(recognizer.find(view)):
                continue
            family = f"{recognizer.info.id}, each another"
            yield family, name, 4 * cost(partial(_found, recognizer, view), AIM / 4)


def _values() -> Iterator[tuple[str, str, float]]:
    """Of lists of nothing but passwords, each a finding; the whole scan has a family of its own."""
    scanner = PatternScanner(DETECTORS)
    for name, units in HITS.items():
        text = filled(units)
        view = ScanText(fold(text))
        for recognizer in (r for r in DETECTORS if r.info.id in PASSWORDS):
            family = f"{recognizer.info.id}, all found"
            yield family, name, cost(partial(_found, recognizer, view))
        yield "all rules, all found", name, cost(partial(_scanned, scanner, text))


def _arrays(view: ScanText) -> int:
    """What all recognizers of numbers share."""
    stretches(view.text, view.data, LONG)
    rows = view.sieve.rows(13)
    return int(view.sieve.luhn(rows, 13).sum())


def _found(recognizer: Recognizer, view: ScanText) -> int:
    """With nothing remembered but the arrays and stretches, which all share."""
    fresh = ScanText(view.text)
    fresh._sieve, fresh._data, fresh._stretches = view.sieve, view.data, view.stretches
    return sum(1 for _ in recognizer.find(fresh))


def _near() -> Iterator[tuple[str, str]]:
    for recognizer in DETECTORS:
        for n, example in enumerate(e for e in recognizer.info.examples if not e.values):
            yield f"false example {n}: {recognizer.info.id}", example.text + " "


def _others() -> Iterator[tuple[str, Work]]:
    words = WordList("w", "list.w", tuple(f"绝密词{i}" for i in range(100_000)))
    (listed,) = custom.detectors(CompiledPolicy("bench", "bench", lists=(words,)))
    made = tuple(CustomPattern(n, f"pattern.{n}", p) for n, p in PATTERNS.items())
    for detector in custom.detectors(CompiledPolicy("bench", "bench", patterns=made)):
        yield f"a pattern, {detector.info.title.en}", partial(_scanned, detector)
    scanner = PatternScanner(DETECTORS)
    yield "folding", fold
    yield "pre-scan", lambda text: scanner._triggers.pulled(ScanText(text))
    yield "injection signatures", partial(_scanned, InjectionSignatures())
    yield "a list of 100,000 words", partial(_scanned, listed)
    yield "normalised views", views


def _scanned(detector: PatternDetector, text: str) -> Scanned:
    return detector.scan(Passage(LOCUS, text))


def hits() -> Iterator[tuple[str, int, float]]:
    """Recognizer, hits in one MiB of its first true example, microseconds each."""
    for recognizer in (r for r in DETECTORS if not r.info.id.startswith("secrets.")):
        example = next(e for e in recognizer.info.examples if e.values)
        view = ScanText(fold(repeated(example.text + "\n")))
        started = time.process_time()
        count = _found(recognizer, view)
        yield recognizer.info.id, count, (time.process_time() - started) * 1e6 / count


def worst_of(rows: Iterator[tuple[str, str, float]]) -> dict[str, tuple[str, float]]:
    out: dict[str, tuple[str, float]] = {}
    for family, text, took in rows:
        if took > out.get(family, ("", 0.0))[1]:
            out[family] = text, round(took, 1)
    return dict(sorted(out.items(), key=lambda item: -item[1][1]))


def show_hits() -> None:
    for name, count, each in hits():
        print(f"{each:8.1f} µs  {count:7} hits  {name}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the result here too")
    parser.add_argument("--hits", action="store_true", help="what dense true values cost")
    args = parser.parse_args()
    if args.hits:
        show_hits()
        return 0
    freeze_startup_objects()  # as the server does
    worst = worst_of(matrix())
    for family, (text, took) in worst.items():
        print(f"{took:9.1f} ms  {family:28}  {text}")
    over = sum(took > AIM for _, took in worst.values())
    print(f"{len(worst)} families, {over} above {AIM} ms per MiB")
    if args.json:
        args.json.write_text(json.dumps(worst, ensure_ascii=False, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
