"""The default input layer beside stock Presidio with its English pipeline, in one run.

    python bench/presidio.py --model en_core_web_lg        # a spaCy model by name or folder
    python bench/presidio.py --model DIR --json FILE

Both read the same 50,000 characters of mixed prose (`detectors.mixed`): ours through the whole
default input layer (views and all pattern detectors) without a cache, Presidio through its default
registry and `SpacyNlpEngine`. Processor time of one thread, the best of some runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import spacy  # before threegate, which would have Presidio imported without it

os.environ.setdefault("OMP_NUM_THREADS", "1")

import tldextract
from detectors import DEFAULT, LOCUS, mixed  # type: ignore[import-not-found]
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from threegate.detectors.detector_sets import DetectorSets
from threegate.policy.model import CompiledPolicy
from threegate.types import Passage

CHARACTERS = 50_000
WANTED = DEFAULT | {"injection"}


def milliseconds(call: Callable[[], object], runs: int) -> float:
    best = float("inf")
    for _ in range(runs):
        started = time.process_time()
        call()
        best = min(best, time.process_time() - started)
    return best * 1000


def ours(text: str) -> float:
    suite = DetectorSets(()).of(CompiledPolicy("bench", "bench"))

    def once() -> object:
        suite._cache.clear()
        return asyncio.run(suite.check([Passage(LOCUS, text)], WANTED, {}))

    once()
    return milliseconds(once, 5)


def stock(text: str, model: str) -> float:
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    nlp = SpacyNlpEngine([{"lang_code": "en", "model_name": model}])
    nlp.nlp = {"en": spacy.load(model)}
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=nlp)
    engine = AnalyzerEngine(registry=registry, nlp_engine=nlp)
    engine.analyze(text[:500], "en")
    return milliseconds(lambda: engine.analyze(text, "en"), 2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    text = mixed(CHARACTERS)
    made = {"threegate_ms": ours(text), "presidio_ms": stock(text, args.model)}
    made["times"] = made["presidio_ms"] / made["threegate_ms"]
    print(json.dumps({k: round(v, 1) for k, v in made.items()}))
    if args.json:
        args.json.write_text(json.dumps(made, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
