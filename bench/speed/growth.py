"""How the cost of a check grows: with the prompt, the rules of a policy, its words, the turns.

    python -m bench.speed.growth            # JSON on standard output

Input layer alone, in process: the suite's check of a request and the rulings on it, best of five,
in milliseconds. Nothing is cached between rounds except what a running proxy would have cached.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace

from threegate.detectors.detector_sets import DetectorSets
from threegate.guard.decide import wanted_kinds
from threegate.guard.input import ScannedText, judge_input, rule_sets
from threegate.guard.masking.mask import MaskMap
from threegate.policy.model import CompiledPolicy, Detect, Rule, WordList
from threegate.types import Action, Bilingual, Caller, Channel, Layer, Passage, TextLocation

from bench.speed import prompts

ROUNDS = 5
SIZES = (1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000)
RULES = (10, 30, 100, 300, 1_000)
WORDS = (100, 1_000, 10_000, 100_000)
Texts = Callable[[int], list[str]]
TURNS = (1, 2, 5, 10, 20, 50, 100)
USER = TextLocation(Layer.INPUT, Channel.USER)


def rule(number: int, kind: str) -> Rule:
    channels = frozenset({Channel.USER})
    title = Bilingual(f"规则 {number}", f"rule {number}")
    return Rule(f"r.{number}", Layer.INPUT, title, channels, Action.MASK, Detect(any=(kind,)))


PLAIN = (rule(0, "pii"), rule(1, "secret"))


def of_rules(count: int) -> CompiledPolicy:
    """Each rule has a list of three words of its own."""
    lists = tuple(
        WordList(f"l{n}", f"list.l{n}", tuple(f"word{n}x{k}" for k in range(3)))
        for n in range(count)
    )
    rules = tuple(rule(n, f"list.l{n}") for n in range(count))
    return CompiledPolicy(f"rules{count}", "growth", rules=rules, lists=lists)


def of_words(count: int) -> CompiledPolicy:
    words = tuple(f"词{n}号条目" if n % 2 else f"entry{n}x" for n in range(count))
    lists = (WordList("big", "list.big", words),)
    return CompiledPolicy(f"words{count}", "growth", rules=(rule(0, "list.big"),), lists=lists)


async def best_ms(policy: CompiledPolicy, texts: Texts) -> float:
    """New texts in each round: a repeated one is answered from the cache."""
    suite = DetectorSets(()).of(policy)
    by_channel = rule_sets(policy, Layer.INPUT, Caller(), "", suite.kinds_of)
    kinds = wanted_kinds(policy.rules)
    took = []
    for turn in range(ROUNDS + 1):  # the first one builds the detectors
        passages = [Passage(replace(USER, message=n), t) for n, t in enumerate(texts(turn))]
        started = time.thread_time()
        judged = await suite.check(passages, kinds, {})
        scans = [
            ScannedText(p.locus, f"/messages/{n}", p.text, j.findings, j.failures)
            for n, (p, j) in enumerate(zip(passages, judged, strict=True))
        ]
        judge_input(scans, by_channel, MaskMap(b"k"), "en")
        took.append(time.thread_time() - started)
    return round(min(took[1:]) * 1000, 3)


def written(size: int, seed: int, language: str = "en") -> str:
    """Prose with a finding in about 1,000 characters."""
    out = ""
    while len(out) < size:
        out += prompts.text("medium", language, findings=len(out) % 4000 < 2000, seed=seed) + " "
        seed += 1000
    return out[:size]


async def grown() -> dict[str, list[tuple[int, float]]]:
    plain = CompiledPolicy("plain", "growth", rules=PLAIN)
    text, turns = [written(2_000, 1)], [written(400, n) for n in range(max(TURNS) + 10)]

    def fresh(turn: int) -> list[str]:
        return [f"{turn} {text[0]}"]

    def long(size: int, language: str) -> Texts:
        return lambda turn: [written(size, turn, language)]

    def conversation(size: int) -> Texts:
        return lambda turn: turns[: size + turn]

    return {
        "characters": [(n, await best_ms(plain, long(n, "en"))) for n in SIZES],
        "characters_zh": [(n, await best_ms(plain, long(n, "zh"))) for n in SIZES],
        "rules": [(n, await best_ms(of_rules(n), fresh)) for n in RULES],
        "words": [(n, await best_ms(of_words(n), fresh)) for n in WORDS],
        "turns": [(n, await best_ms(plain, conversation(n))) for n in TURNS],
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(grown()), indent=1))
