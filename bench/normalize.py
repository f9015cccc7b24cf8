"""Normalised views: what ordinary text costs, what the worst inputs cost, who is slow.

    python bench/normalize.py [--size 1048576]

Prints milliseconds per MiB (best of three) of the look alone, of all views, and of the whole
pattern layer on text and views.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import sys
import time
from collections.abc import Callable

from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.detector_sets import DetectorSets
from threegate.normalize import views
from threegate.normalize.pipeline import _signs
from threegate.policy.model import CompiledPolicy, WordList
from threegate.types import Channel, Layer, Passage, TextLocation

KINDS = frozenset({"pii", "secret", "injection", "list"})
ORDINARY = {
    "Chinese prose": "今天天气很好，我们去公园散步吧。张先生说：“明天开会！”（准时）价格是35.5元。",
    "English prose": "The quick brown fox jumps over the lazy dog, and said hello to 12 people. ",
    "code": "def f(x: int) -> int:\n    return [y ** 2 for y in range(x)]  # squares\n",
    "traditional Chinese": "請問電話號碼是多少，謝謝您的協助。",
    "spaced Chinese": "今天 天气 很 好 我们 去 公园 ",
}
WORST = {
    "one letter": "a",
    "digits": "7",
    "Han": "国",
    "spaces": " ",
    "zero width": "\u200b",
    "letters apart": "a.",
    "letters apart by spaces": "a ",
    "Han apart": "身*",
    "digits apart": "1-",
    "quotes nested": "\"'`",
    "percent": "%41",
    "percent signs": "%",
    "entities": "&#65;",
    "half entities": "&#",
    "backslashes": "\\u",
    "base64 letters": base64.b64encode(b"near match \xff\xfe and more").decode(),
    "base64 of text": base64.b64encode("号码在这里 ".encode() * 3).decode() + " ",
    "hex": "6e",
    "combining marks": "a\u0336",
    "traditional": "請",
    "tags": "\U000e0041",
    "near numbers": "1381234567 ",
    "near secrets": "sk-abc key=",
    "near orders": "ignore all previous ",
}


def best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times) * 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1 << 20, help="bytes of each text")
    size = parser.parse_args().size
    words = WordList("w", "list.w", tuple(f"绝密词{i}" for i in range(100_000)))
    suite = DetectorSets(()).of(CompiledPolicy("bench", "bench", lists=(words,)))
    print(f"{'text':26}{'look':>9}{'views':>9}{'layer':>9}  views, ms per MiB")
    for name, unit in (ORDINARY | WORST).items():
        text = unit * (size // len(unit.encode()) + 1)
        mib = len(text.encode()) / (1 << 20)
        look, seen = best(lambda t=text: _signs(t)) / mib, best(lambda t=text: views(t)) / mib
        layer = best(lambda t=text: checked(suite, t)) / mib
        names = ", ".join(v.name for v in views(text)) or "-"
        print(f"{name:26}{look:9.1f}{seen:9.1f}{layer:9.0f}  {names}", flush=True)
    return 0


def checked(suite: DetectorSet, text: str) -> object:
    suite._cache.clear()
    passage = Passage(TextLocation(Layer.INPUT, Channel.USER), text)
    return asyncio.run(suite.check([passage], KINDS, {}))


if __name__ == "__main__":
    sys.exit(main())
