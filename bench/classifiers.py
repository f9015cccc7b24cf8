"""How fast the classifiers are: milliseconds per call by length, batch and threads, as JSON.

    python bench/classifiers.py --rounds 200 > classifiers.json

A call is what a detector makes: tokenise, queue, run, decode; the cache is off.
`ms` is per call, `ms_per_text` divides by the batch. A text longer than the model's
window costs several rows. With fewer than 100 calls p99 is the slowest one. Run it on a quiet
machine; `load_1m` says how quiet it was. `cpu_ms` is the processor time of a call, of all threads
together: on one thread of a busy machine it comes near to what `ms` is on a quiet one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from threegate_classifiers.manifest import Manifest, Task
from threegate_classifiers.onnx_runtime import onnxruntime
from threegate_classifiers.registry import SHIPPED, find
from threegate_classifiers.runtime import Call, Engine
from threegate_classifiers.tokenize import Text, WindowTokenizer

LENGTHS, BATCHES = (32, 128, 512), (1, 8)
PROSE = (
    "The quarterly report says that 12 of 40 branches will move to the new system by March. "
    "请把会议纪要整理成表格，并在周五之前发给项目组，附上上个月的预算。 "
    "def total(items): return sum(item.price for item in items)  # 含税 "
    "我们在杭州的仓库还有三百箱货，客户希望下周二以前全部发出。 "
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=SHIPPED)
    parser.add_argument("--models", nargs="+", default=["guard", "entities", "grounding"])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument(
        "--rounds", type=int, default=200, help="calls of one text; of eight: an eighth"
    )
    parser.add_argument("--gpu", action="store_true", help="use CUDA; default: CPU only")
    args = parser.parse_args()
    loaded = load(args)  # first: memory that closed models leave behind would hide what these take
    cells = [
        cell
        for threads in args.threads
        for name in args.models
        for cell in measure(args.root, name, threads, args.rounds, gpu=args.gpu)
    ]
    json.dump({"machine": machine(), "load": loaded, "cells": cells}, sys.stdout, indent=1)


def measure(
    root: Path, name: str, threads: int, rounds: int, *, gpu: bool
) -> Iterator[dict[str, Any]]:
    entry = find(root, name)
    tokenizer = WindowTokenizer(entry.folder, entry.manifest)
    engine = Engine.open(root, [name], threads=threads, cache=0, gpu=gpu, report=note)
    model = engine.models[entry.manifest.name]
    for length in LENGTHS:
        text = text_of(tokenizer, length)
        for batch in BATCHES:
            calls = range(max(25, rounds // batch))
            took = [once(engine, entry.manifest, text, batch) for _ in calls]
            cell = {"model": entry.manifest.id, "device": model.device, "threads": threads}
            yield cell | {"tokens": length, "batch": batch} | summary(took, batch)
    engine.close()


def text_of(tokenizer: WindowTokenizer, length: int) -> str:
    """Prose of `length` tokens with the special ones, in as many windows as that takes."""
    text = PROSE * (1 + length // 40)
    offsets = [end for row in tokenizer.rows(Text(text)) for _, end in row.offsets if end]
    ends = sorted(set(offsets))
    return text[: ends[length - 3]]


def once(engine: Engine, manifest: Manifest, text: str, batch: int) -> tuple[float, float]:
    """(wall, processor) milliseconds."""
    start, used = time.perf_counter(), time.process_time()
    ask(engine, manifest, [text] * batch).now()
    return (time.perf_counter() - start) * 1000, (time.process_time() - used) * 1000


def ask(engine: Engine, manifest: Manifest, texts: Sequence[str]) -> Call[Any]:
    match manifest.task:
        case Task.CLASSIFY:
            return engine.classify(manifest.name, [Text(text) for text in texts])
        case Task.TAG:
            return engine.tag(manifest.name, texts)
        case Task.ENTAIL:
            halves = [(text[: len(text) * 3 // 4], text[len(text) * 3 // 4 :]) for text in texts]
            return engine.entail(manifest.name, halves)
        case Task.EMBED:
            raise SystemExit(f"{manifest.id} adds up vectors: see classifiers/train/ranking.py")


def summary(took: list[tuple[float, float]], batch: int) -> dict[str, Any]:
    ordered = sorted(wall for wall, _ in took)
    median = statistics.median(ordered)
    return {
        "calls": len(ordered),
        "ms": {
            "min": round(ordered[0], 2),
            "median": round(median, 2),
            "p99": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], 2),
        },
        "ms_per_text": round(median / batch, 2),
        "cpu_ms": round(statistics.median(used for _, used in took), 2),
    }


def load(args: argparse.Namespace) -> dict[str, Any]:
    """Time and memory to have all models ready at once, this process's peak included."""
    start = time.perf_counter()
    before = resident_mib()
    engine = Engine.open(args.root, args.models, gpu=args.gpu, report=note)
    took, after = time.perf_counter() - start, resident_mib()
    engine.close()
    return {
        "seconds": round(took, 2),
        "models_mib": round(after - before),
        "process_peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def machine() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load_1m": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "onnxruntime": onnxruntime.__version__,
    }


def note(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
