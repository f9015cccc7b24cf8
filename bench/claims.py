"""What the fact check adds to a stream: delay per sentence and of the first text, as JSON.

    PYTHONPATH=. python bench/claims.py --language en zh --runs 3

A model that writes an answer of about 200 tokens at 60 tokens a second, a proxy in a process of its
own with the shipped grounding model, and a request with a source of about 8,000 tokens. The same
answer comes unchecked, under a rule that holds sentences, and under one that cuts; the added delay
of a sentence is when its last character arrived, less when it arrived unchecked. Claims are taken
from all over the source in other words, half of them with another price.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from threegate.guard.segments import sentences
from threegate.testing.scripts import pieces

from tests.scripted_upstream import ScriptedUpstream
from tests.serving import serve

ROOT = Path(__file__).parents[1]
PORT = 18099
WAYS = ("off", "hold", "cut")
CHARACTERS = {"en": 4.0, "zh": 1.4}  # of one token
SENTENCES = 8  # about 200 tokens

_RULE = """\
  - id: claims.{way}
    title: {{zh: 核查, en: Fact check}}
    owner: bench
    why: [owasp.llm09]
    layer: output
    where: [content]
    when: {{model: [{way}]}}
    detect: {{claims: {{sources: [context], contradicted: medium, unsupported: high}}}}
    then: {{on_contradicted: {then}, on_unsupported: flag, on_no_source: flag}}
    stream: {way}
    tests:
      match: [{{text: It lasts five years., sources: [It lasts two years.]}}]
      no_match: [{{text: It lasts two years., sources: [It lasts two years.]}}]
    review_by: 2030-06-30
"""
PACK = "pack: bench\ntitle: {zh: 测速, en: Bench}\nversion: '1'\nrules:\n" + "".join(
    _RULE.format(way=way, then="annotate") for way in WAYS[1:]
)

PLACES = {
    "en": ("Alder", "Birch", "Cedar", "Elm", "Hazel", "Linden", "Maple", "Oak", "Pine", "Rowan"),
    "zh": ("青松", "白桦", "红枫", "银杏", "香樟", "紫荆", "梧桐", "水杉", "丁香", "木棉"),
}
THINGS = {
    "en": ("storage", "delivery", "insurance", "cleaning", "parking", "repair", "training", "rent"),
    "zh": ("仓储", "配送", "保险", "保洁", "停车", "维修", "培训", "租赁"),
}


@dataclass(frozen=True, slots=True)
class Run:
    """Milliseconds from the request to the first text, to each sentence's end, and to the end."""

    first: float
    ends: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    place: str
    number: int
    thing: str
    price: int
    days: int

    def stated(self, language: str) -> str:
        """As the source has it."""
        if language == "zh":
            where = f"{self.place}{self.number}号网点的{self.thing}费用"
            return f"{where}为每月{self.price}元，解约须提前{self.days}天书面通知。"
        where = f"At {self.place} branch {self.number} the fee for {self.thing}"
        return f"{where} is {self.price} euros a month and the notice period is {self.days} days."

    def told(self, language: str) -> str:
        """As an answer has it: other words, so that the model must read it."""
        if language == "zh":
            where = f"如果在{self.place}{self.number}号网点办理{self.thing}"
            return f"{where}，每个月要交{self.price}元，不想用了得提早{self.days}天告知。"
        where = f"For {self.thing} you would pay {self.price} euros monthly in {self.place}"
        return f"{where} ({self.number}), and leaving takes {self.days} days of warning."


def facts(language: str, tokens: int, rng: random.Random) -> list[Fact]:
    """As many, each with numbers of its own, as make a source of about `tokens` tokens."""
    made: list[Fact] = []
    size = 0
    while size < tokens * CHARACTERS[language]:
        place, thing = rng.choice(PLACES[language]), rng.choice(THINGS[language])
        made.append(Fact(place, len(made) + 1, thing, rng.randrange(20, 900), rng.randrange(2, 60)))
        size += len(made[-1].stated(language))
    return made


def answer_on(source: Sequence[Fact], language: str, rng: random.Random) -> str:
    """Every second sentence is true, the others have another price."""
    chosen = rng.sample(source, SENTENCES)
    chosen[1::2] = [replace(fact, price=fact.price + 7) for fact in chosen[1::2]]
    return (" " if language == "en" else "").join(fact.told(language) for fact in chosen)


@contextmanager
def proxy(upstream: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        packs = Path(folder) / "policies/packs"
        packs.mkdir(parents=True)
        (packs / "bench.yaml").write_text(PACK, encoding="utf-8")
        command = [sys.executable, "-m", "threegate", "serve", "--upstream", upstream]
        command += ["--port", str(PORT), "--pack", "bench", "--policies", str(packs.parent)]
        command += ["--var", f"{folder}/var", "--classifiers", "required"]
        command += ["--models", str(ROOT / "classifiers/models")]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{PORT}"
            _wait(url)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _wait(url: str, seconds: float = 180.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    raise SystemExit("the proxy did not become ready")


def ask(url: str, demo: ScriptedUpstream, way: str, answer: str, source: str, rate: float) -> Run:
    parts = pieces(answer)
    deltas = [{"index": 0, "delta": {"content": p}, "finish_reason": None} for p in parts]
    deltas.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    events = [
        json.dumps({"id": "x", "object": "chat.completion.chunk", "choices": [d]}) for d in deltas
    ]
    frames = [f"data: {event}\n\n".encode() for event in events]
    demo.play([*frames, b"data: [DONE]\n\n"], pause=1 / rate)
    messages = [{"role": "user", "content": "What do the branches charge? / 各网点怎么收费？"}]
    body = {"model": way, "messages": messages, "stream": True, "context": [source]}
    return heard(url, body, [s.end for s in sentences(answer)])


def heard(url: str, body: dict[str, Any], ends: Sequence[int]) -> Run:
    start, came, times = time.perf_counter(), 0, list[tuple[int, float]]()
    with httpx.stream("POST", f"{url}/v1/chat/completions", json=body, timeout=120) as reply:
        for line in reply.iter_lines():
            if not line.startswith("data: {"):
                continue
            for choice in json.loads(line[6:]).get("choices", ()):
                came += len(choice["delta"].get("content") or "")
            if came and (not times or times[-1][0] != came):
                times.append((came, 1000 * (time.perf_counter() - start)))
    if not times or times[-1][0] < ends[-1]:
        raise SystemExit(f"only {came} of {ends[-1]} characters arrived")
    return Run(times[0][1], tuple(next(t for n, t in times if n >= end) for end in ends))


def figures(way: str, runs: Sequence[Run], bare: Sequence[Run]) -> dict[str, Any]:
    """Added delays of `runs` against the unchecked ones, run by run."""
    pairs = list(zip(runs, bare, strict=True))
    added = [a - b for run, base in pairs for a, b in zip(run.ends, base.ends, strict=True)]
    last = [run.ends[-1] - base.ends[-1] for run, base in pairs]
    return {
        "way": way,
        "first_text_ms": round(statistics.median(r.first for r in runs), 1),
        "first_added_ms": round(statistics.median(r.first - b.first for r, b in pairs), 1),
        "sentence_added_ms_p50": round(statistics.median(added), 1),
        "sentence_added_ms_max": round(max(added), 1),
        "end_added_ms": round(statistics.median(last), 1),
        "whole_s": round(statistics.median(r.ends[-1] for r in runs) / 1000, 2),
    }


def measure(
    url: str, demo: ScriptedUpstream, language: str, args: argparse.Namespace
) -> dict[str, Any]:
    rng = random.Random(7)
    known = facts(language, args.source_tokens, rng)
    source = " ".join(fact.stated(language) for fact in known)
    answer = answer_on(known, language, rng)
    made: dict[str, list[Run]] = {way: [] for way in WAYS}
    ask(url, demo, "hold", answer, source, 1000)  # warm: what a first call loads
    for number in range(args.runs):
        text = f"{source} Edition {number}."  # a source that no run has seen before
        for way in WAYS:
            made[way].append(ask(url, demo, way, answer, text, args.rate))
    return {
        "language": language,
        "source_characters": len(source),
        "answer_pieces": len(pieces(answer)),
        "sentences": len(sentences(answer)),
        "ways": [figures(way, made[way], made["off"]) for way in WAYS],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--language", nargs="+", choices=["en", "zh"], default=["en", "zh"])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rate", type=float, default=60.0, help="tokens a second")
    parser.add_argument("--source-tokens", type=int, default=8000)
    args = parser.parse_args()
    demo = ScriptedUpstream()
    with serve(demo.app) as upstream, proxy(upstream) as url:
        made = [measure(url, demo, language, args) for language in args.language]
    report = {"cores": os.cpu_count(), "load_1m": os.getloadavg()[0], "rate": args.rate}
    print(json.dumps(report | {"languages": made}, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
