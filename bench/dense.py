"""CPU time of the pattern scan of dense, ordinary data with policy `base`, milliseconds a MiB.

    python bench/dense.py               # CSV, hexadecimal, base64, JSON, log lines, Python
    python bench/dense.py json log

Made from a fixed seed, Python from the interpreter's own library. The faster of two scans counts; a
scan that its budget ends is marked. Views are scanned too, as in a request.
"""

from __future__ import annotations

import base64
import json
import random
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from threegate.detectors.pattern_scans import Scan  # noqa: E402
from threegate.types import Channel, Passage  # noqa: E402

from bench.scans import INPUT, prepared  # noqa: E402

MIB = 1 << 20
DICE = random.Random(5)


def csv() -> Iterator[str]:
    while True:
        yield ",".join(f"{DICE.uniform(-99, 999):.{DICE.choice((2, 3, 6))}f}" for _ in range(8))


def hexadecimal() -> Iterator[str]:
    while True:
        yield DICE.randbytes(32).hex()


def base64_lines() -> Iterator[str]:
    while True:
        yield base64.b64encode(DICE.randbytes(57)).decode()


def json_lines() -> Iterator[str]:
    while True:
        number = DICE.randrange(10**6)
        yield json.dumps(
            {
                "id": number,
                "created_at": f"2026-0{1 + number % 9}-1{number % 10}T07:11:0{number % 10}Z",
                "score": DICE.random(),
                "token_count": DICE.randrange(5000),
                "tags": ["a", f"key{number}"],
                "url": f"https://example.com/items/{number}",
            }
        )


def log_lines() -> Iterator[str]:
    while True:
        at = f"12:{DICE.randrange(60):02}:{DICE.randrange(60):02},{DICE.randrange(1000):03}"
        request, took = DICE.randrange(10**8), DICE.randrange(9000)
        address = f"10.0.{DICE.randrange(256)}.{DICE.randrange(256)}"
        yield f"2026-11-29 {at} INFO worker-3 request {request} took {took} ms from {address}"


def python() -> Iterator[str]:
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        yield path.read_text("utf-8", errors="ignore")


KINDS: dict[str, Callable[[], Iterator[str]]] = {
    "csv": csv,
    "hexadecimal": hexadecimal,
    "base64": base64_lines,
    "json": json_lines,
    "log": log_lines,
    "python": python,
}


def mib(lines: Iterator[str]) -> str:
    out, size = list[str](), 0
    for line in lines:
        out.append(line)
        size += len(line) + 1
        if size >= MIB:
            break
    return "\n".join(out)[:MIB]


def main() -> None:
    suite, rules = prepared()
    asked = rules.input[Channel.USER].patterns

    def scanned(text: str) -> tuple[Scan, float]:
        started = time.thread_time()
        scan = suite.patterns.scan_whole(Passage(INPUT, text), asked)
        return scan, time.thread_time() - started

    scanned(mib(log_lines())[:20_000])
    for name in sys.argv[1:] or KINDS:
        text = mib(KINDS[name]())
        runs = [scanned(text) for _ in range(2)]
        scan, spent = min(runs, key=lambda run: run[1])
        ended = " (ended by its budget)" * bool(scan.failures)
        print(
            f"{1000 * spent * MIB / len(text):7.0f}  {name}, {len(scan.findings)} findings{ended}"
        )


if __name__ == "__main__":
    main()
