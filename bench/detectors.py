"""What the pattern detectors cost, in microseconds of one quiet core.

    python bench/detectors.py                # all figures
    python bench/detectors.py worst          # 1 MiB of each worst-case input, milliseconds

Texts are made here; the 50,000 characters are prose of both languages with one identifier in about
250 characters.
`bench/presidio.py` has stock Presidio beside us, `bench/worst.py` every family on its worst texts.
"""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable, Iterator

import presidio_engine
from threegate.detectors.registry import DETECTORS, scanner
from threegate.types import Channel, Layer, Passage, TextLocation

LOCUS = TextLocation(Layer.INPUT, Channel.USER)
CHINESE = "今天呢我们来讲高山流水这首曲子，安静些啊，后面的同学马上就要开始放录音了。"
ENGLISH = (
    "Plan a short geography field trip around Swansea, the Gower and Brecon on a tight budget. "
)
VALUES = "电话13800138000。卡号6222021234567890128，mail a.b@qq.com from 91.180.30.47 "
DEFAULT = frozenset({"pii", "secret"})
STREAM = frozenset({"pii.cn", "pii.bank_card", "pii.email", "pii.phone", "pii.ip", "secret"})


def microseconds(call: Callable[[], object], runs: int = 300) -> float:
    return min(timeit.repeat(call, number=runs, repeat=5)) / runs * 1e6


def mixed(length: int) -> str:
    paragraph = CHINESE * 4 + ENGLISH * 2 + VALUES[:14] + ENGLISH + VALUES
    return (paragraph * (length // len(paragraph) + 1))[:length]


def figures() -> Iterator[tuple[str, float]]:
    every, stream = scanner(DEFAULT), scanner(STREAM)
    for name, prose in (("Chinese", CHINESE * 30), ("English", ENGLISH * 20)):
        whole, window = Passage(LOCUS, prose[:1000]), Passage(LOCUS, prose[:200])
        yield f"1,000 characters of clean {name} prose", microseconds(lambda p=whole: every.scan(p))
        yield (
            f"one chunk on a 200-character window, {name}, stream kinds",
            microseconds(lambda p=window: stream.scan(p, final=False)),
        )
        yield (
            f"the same, all kinds with addresses, {name}",
            microseconds(lambda p=window: every.scan(p, final=False)),
        )
    examples = " ".join(e.text for r in DETECTORS for e in r.info.examples)
    dense = Passage(LOCUS, examples)
    cost = microseconds(lambda: every.scan(dense), 5) / len(examples) * 1000
    yield "1,000 characters of nothing but examples", cost
    text = mixed(50_000)
    yield (
        "50,000 characters, mixed, one pass",
        microseconds(lambda: every.scan(Passage(LOCUS, text)), 3),
    )
    engine = presidio_engine.engine([r for r in DETECTORS if r.info.id != "presidio"])
    short = text[:1000]
    yield (
        "1,000 characters mixed, our scanner",
        microseconds(lambda: every.scan(Passage(LOCUS, short)), 50),
    )
    for name, sample in (("mixed", short), ("clean Chinese", (CHINESE * 30)[:1000])):
        cost = microseconds(lambda t=sample: engine.analyze(t, "zh"), 20)
        yield f"1,000 characters {name}, AnalyzerEngine with everything", cost


WORST = {
    "digits": "1",
    "digits and spaces": "1 ",
    "digits and hyphens": "62-",
    "near cards": "4111 1111 1111 1112 ",
    "near ids": "110105194912310021,",
    "letters": "a",
    "upper case and digits": "A1",
    "at signs": "a@",
    "dots": "1.",
    "Chinese digits": "一",
    "Chinese with numbers": "路3号",
    "passwords": "密码 ",
    "assignments": "key=",
    "quotes": '"',
    "PEM": "-----BEGIN PRIVATE KEY-----",
    "JWT": "eyJ.",
    "province": "京A",
}


def worst() -> Iterator[tuple[str, float]]:
    every = scanner(DEFAULT)
    for name, unit in WORST.items():
        passage = Passage(LOCUS, unit * ((1 << 20) // len(unit)))
        yield (
            f"1 MiB of {name} (ms)",
            timeit.timeit(lambda p=passage: every.scan(p), number=1) * 1000,
        )


if __name__ == "__main__":
    chosen = worst() if "worst" in sys.argv[1:] else figures()
    for label, value in chosen:
        print(f"{value:12,.1f}  {label}", flush=True)
