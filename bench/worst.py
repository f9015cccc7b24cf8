"""What one MiB costs the pattern detectors and their views, in milliseconds of CPU time.

    python bench/worst.py               # dense texts of every day, then hostile ones
    python bench/worst.py --json FILE   # the same, kept

Everyday texts (logs, tables of numbers, base64, code, JSON) aim at 400 ms a MiB. Hostile texts are
one class of characters, numbers and keys that just miss, escapes and blocks, and for every
recognizer its own false examples over and over; the budget of a call ends their scan after 1.5 s at
the latest, and then the detector has failed by timeout. Everything is scanned as a request is: all
recognizers, injection signatures, all views.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from threegate.cli.server_process import tune_garbage_collection
from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.engine.budget import Budget
from threegate.detectors.engine.scanner import PatternScanner
from threegate.detectors.injection.detector import InjectionSignatures
from threegate.detectors.registry import DETECTORS
from threegate.types import Channel, Layer, Passage, TextLocation
from worst_units import BLOCKS, NAMED

ROOT = Path(__file__).parents[1]
MIB = 1 << 20
EVERYDAY_MS, HOSTILE_MS = 400, 1500
KINDS = frozenset({"pii", "secret", "injection"})
LOCUS = TextLocation(Layer.INPUT, Channel.TOOL_RESULT)
Unit = Callable[[int], str]
WORDS = (
    *("retry", "cache", "index", "value", "service", "request", "response"),
    *("handler", "timeout", "config", "parser"),
)
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
    "zero width between digits": "1\u200b3\u200b8\u200b",
    "combining marks": "a\u0336",
    "tags": "\U000e0041",
    "percent escapes": "%41",
    "percent signs": "%",
    "entities": "&#65;",
    "half entities": "&#",
    "backslashes": "\\u",
    "escaped letters": "\\u0041",
    "base64 of bytes": base64.b64encode(b"near match \xff\xfe and more").decode(),
    "base64 of text": base64.b64encode("号码在这里 ".encode() * 3).decode() + " ",
    "near orders": "ignore all previous ",
    "staff numbers": "EMP-123456 ",
    "near staff numbers": "EMP-12345 ",
    "rows": "a,_1\n",
}


def filled(unit: Unit) -> str:
    """One MiB of these."""
    parts: list[str] = []
    left = MIB
    while (left := left - len((part := unit(len(parts))).encode())) >= 0:
        parts.append(part)
    return "".join(parts)


def repeated(unit: str) -> str:
    return unit * (MIB // len(unit.encode()))


def everyday() -> Iterator[tuple[str, str]]:
    """Name and text of what people paste."""
    dice = random.Random(1)
    number, pick = dice.randrange, dice.choice
    units: dict[str, Unit] = {
        "log": lambda i: (
            f"2026-11-29T08:{number(60):02}:{number(60):02}.{number(1000):03}Z INFO worker-{i % 9} "
            f"request_id={dice.getrandbits(64):016x} latency={dice.random() * 100:.3f}ms "
            f"bytes={number(10**6)} user={number(10**8)}\n"
        ),
        "CSV of floats": lambda i: ",".join(f"{dice.gauss(0, 99):.6f}" for _ in range(12)) + "\n",
        "CSV of words and numbers": lambda i: (
            f"{i},{pick(WORDS)} {pick(WORDS)},,{dice.random() * 999:.2f},2026-{1 + i % 12:02}-07\n"
        ),
        "JSON": lambda i: (
            json.dumps({"id": number(10**9), "hash": f"{dice.getrandbits(128):032x}",
                        "share": dice.random(), "tags": dice.sample(WORDS, 3)}) + "\n"
        ),
        "integers": lambda i: f"{number(10 ** number(1, 12))} ",
        "base64 in lines": lambda i: base64.encodebytes(dice.randbytes(57)).decode(),
        "hexadecimal": lambda i: dice.randbytes(32).hex(),
    }  # fmt: skip
    yield from ((name, filled(unit)) for name, unit in units.items())
    yield "base64", base64.b64encode(dice.randbytes(MIB * 3 // 4)).decode()
    for name, pattern in (("Python", "proxy/**/*.py"), ("English and Chinese docs", "docs/*.md")):
        text = "\n".join(p.read_text("utf-8") for p in sorted(ROOT.glob(pattern)))
        yield name, text[:MIB]


def hostile() -> Iterator[tuple[str, str]]:
    yield from ((name, repeated(unit)) for name, unit in TEXTS.items())
    for recognizer in DETECTORS:
        for n, example in enumerate(e for e in recognizer.info.examples if not e.values):
            yield f"false example {n} of {recognizer.info.id}", repeated(example.text + " ")
    yield from ((name, filled(unit)) for name, unit in (BLOCKS | NAMED).items())


def scans() -> Callable[[str], str]:
    """Scans a text as a request's; "" or why the detectors gave up."""
    detectors = (PatternScanner(DETECTORS), InjectionSignatures())
    suite = DetectorSet(lambda kinds: detectors)

    def scan(text: str) -> str:
        budget = Budget.for_size(len(text))
        _, judged = suite._viewed_scan(Passage(LOCUS, text), KINDS, budget)
        return ", ".join(dict.fromkeys(f.reason.value for f in judged.failures))

    scan("warm: 13812345678, a@b.co")
    return scan


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the result here too")
    args = parser.parse_args()
    scan, kept = scans(), dict[str, tuple[int, str]]()
    tune_garbage_collection()  # as the server does
    over = 0
    for aim, texts in ((EVERYDAY_MS, everyday()), (HOSTILE_MS, hostile())):
        print(f"aim {aim} ms")
        for name, text in texts:
            started = time.process_time()
            failed = scan(text)
            took = round((time.process_time() - started) * 1000 * MIB / len(text.encode()))
            kept[name] = took, failed
            over += took > aim
            print(f"{took:7} ms  {name:34}  {failed}", flush=True)
    print(f"{len(kept)} texts, {over} above their aim")
    if args.json:
        args.json.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
