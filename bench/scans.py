"""What the pattern scans of one guarded call cost with policy `base`, in microseconds of CPU time.

    python bench/scans.py               # input and output scans, texts that never come twice
    python bench/scans.py --profile     # the functions in which an input scan spends its time

Prompts are those of `bench/speed/prompts.py` (medium: 2,000 characters, eight values with `pii`);
the answer is the one of `bench/speed/mock.py`, numbered so that no cache of whole texts knows it.
The fastest tenth of 300 scans ends there: other programs of the machine only add.
"""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from threegate.cli.server_process import tune_garbage_collection  # noqa: E402
from threegate.detectors.detector_set import DetectorSet  # noqa: E402
from threegate.detectors.detector_sets import DetectorSets  # noqa: E402
from threegate.detectors.views import viewed  # noqa: E402
from threegate.gateway.access.resolved_policy import PolicyResolver, ResolvedPolicy  # noqa: E402
from threegate.policy.facade import check  # noqa: E402
from threegate.policy.lifecycle.store import DirTree  # noqa: E402
from threegate.types import Caller, Channel, Layer, Passage, TextLocation  # noqa: E402

from bench.speed import mock, prompts  # noqa: E402

RUNS = 300
INPUT = TextLocation(Layer.INPUT, Channel.USER)
OUTPUT = TextLocation(Layer.OUTPUT, Channel.CONTENT)
PROMPTS = ("medium_en_pii", "medium_zh_pii", "medium_en", "medium_zh", "long_en_pii")


def prepared() -> tuple[DetectorSet, ResolvedPolicy]:
    """The detectors and rules of policy `base`."""
    policies = check(DirTree(ROOT / "policies"), ["base"]).policies
    policy = policies.policy_for(Caller())
    suite = DetectorSets(()).of(policy)
    return suite, PolicyResolver().of(policy, Caller(), suite)


def passages(name: str) -> list[Passage]:
    size, language, *found = name.split("_")
    texts = (prompts.text(size, language, findings=bool(found), seed=n) for n in range(RUNS + 20))
    return [Passage(INPUT, text) for text in texts]


def answers(text: str) -> list[Passage]:
    return [Passage(OUTPUT, f"{n} {text}") for n in range(RUNS + 20)]


def fast(work: Callable[[Passage], object], texts: Sequence[Passage]) -> float:
    """Of the CPU time of each text, in microseconds; the first twenty only warm up."""
    spent = []
    for text in texts:
        started = time.thread_time_ns()
        work(text)
        spent.append(time.thread_time_ns() - started)
    return _fast(spent)


def _fast(spent: Sequence[int]) -> float:
    return statistics.quantiles(spent[20:], n=10)[0] / 1000


def checked(suite: DetectorSet, kinds: frozenset[str], texts: Sequence[Passage]) -> float:
    """`fast` of the check of a request's text, on a loop that runs."""
    spent = []

    async def all_of_them() -> None:
        for text in texts:
            started = time.thread_time_ns()
            await suite.check([text], kinds, {})
            spent.append(time.thread_time_ns() - started)

    asyncio.run(all_of_them())
    return _fast(spent)


def main() -> None:
    tune_garbage_collection()
    suite, rules = prepared()
    asked = rules.input[Channel.USER].patterns
    if "--profile" in sys.argv[1:]:
        texts = passages("medium_en_pii")
        checked(suite, asked, texts[:40])
        with cProfile.Profile() as profile:
            checked(suite, asked, texts[40:])
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        return
    for name in PROMPTS:
        texts = passages(name)
        print(f"{checked(suite, asked, texts):9.1f}  input {name}")
        print(f"{fast(viewed, texts):9.1f}    its views")
        raw = fast(lambda p: suite.patterns.scan(p, asked, final=True), texts)
        print(f"{raw:9.1f}    its raw text alone")
    told = rules.output[Channel.CONTENT].pattern_kinds
    for name, answer in (("English", mock.ENGLISH), ("Chinese", mock.CHINESE)):
        for values in ("", mock.PERSONAL):
            texts = answers(answer + values)
            cost = fast(lambda p: suite.patterns.scan(p, told, final=True), texts)
            print(f"{cost:9.1f}  output {name}{' with values' * bool(values)}")


if __name__ == "__main__":
    main()
