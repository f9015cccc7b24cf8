"""Generated guard rows: attacks and their harmless twins from `compose.yaml` and other rows.

Every generated row carries the group of its carrier or frame, so the development split stays clean:
a frame or an attack sentence is a training or a development sentence, never both.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import yaml

from guard_rows import CLEAN, HEADS, GuardRow, language_of
from rows import is_dev

Blocks = dict[str, list[str]]
FULLWIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
LEET = str.maketrans("aeiost", "4310$7")
LOOKALIKE = str.maketrans("aeopcx", "аеорсх")


@cache
def blocks() -> Blocks:
    text = (Path(__file__).parent / "compose.yaml").read_text(encoding="utf-8")
    loaded: Blocks = yaml.safe_load(text)
    return loaded


def composed(rows: Sequence[GuardRow], seed: int = 11) -> list[GuardRow]:
    """All generated rows; deterministic in `rows` and `seed`."""
    rng = random.Random(seed)
    return [
        *_frames(rows, rng),
        *_hijacks(rows, rng),
        *_planted(rows, rng),
        *_quoted(rows, rng),
        *_personas(rows, rng),
        *_obfuscated(rows, rng),
        *_pieces(rows, rng),
    ]


def _side(items: Sequence[str], dev: bool) -> list[str]:
    return [item for item in items if is_dev(item) == dev]


def _pick(rows: Sequence[GuardRow], test: Callable[[GuardRow], bool], language: str) -> list[GuardRow]:
    return [row for row in rows if row.language == language and not row.question and test(row)]


def _row(text: str, heads: dict[str, int], base: GuardRow, source: str, **more: object) -> GuardRow:
    made = GuardRow(text, heads, base.group, f"generated/{source}", language_of(text))
    return replace(made, **more) if more else made  # type: ignore[arg-type]


def _frames(rows: Sequence[GuardRow], rng: random.Random) -> Iterator[GuardRow]:
    """A harmful or harmless question inside a jailbreak frame: direct either way."""
    for language in ("zh", "en"):
        asks = _pick(
            rows,
            lambda r: (
                "hazard" in r.heads
                and len(r.text) < 90
                and "direct" in r.heads
                and not r.source.startswith("COLD")
            ),
            language,
        )
        for base in rng.sample(asks, min(700, len(asks))):
            frames = _side(blocks()[f"direct_{language}"], is_dev(base.group))
            if frames:
                text = rng.choice(frames).format(q=base.text)
                heads = {"direct": 1} | ({"hazard": 1} if base.heads["hazard"] else {})
                yield _row(text, heads, base, "frame", categories=base.categories)


def _harmless(rows: Sequence[GuardRow], language: str, limit: int = 200) -> list[GuardRow]:
    return _pick(rows, lambda r: r.heads.get("direct") == 0 and r.heads.get("hazard") == 0
                 and 8 < len(r.text) < limit and not r.source.startswith("COLD"), language)  # fmt: skip


def _hijacks(rows: Sequence[GuardRow], rng: random.Random) -> Iterator[GuardRow]:
    for language in ("zh", "en"):
        for base in rng.sample(_harmless(rows, language), 350):
            frames = _side(blocks()[f"hijack_{language}"], is_dev(base.group))
            if frames:
                goal = rng.choice(blocks()[f"goals_{language}"])
                text = rng.choice(frames).replace("{t}", base.text).replace("{w}", goal)
                yield _row(text, {"direct": 1}, base, "hijack")


def _planted(rows: Sequence[GuardRow], rng: random.Random) -> Iterator[GuardRow]:
    """A carrier document with a planted instruction, or with an ordinary imperative instead."""
    for language in ("zh", "en"):
        carriers = _pick(rows, lambda r: r.heads.get("indirect") == 0 and r.heads.get("hazard") == 0
                         and 60 < len(r.text) < 2500 and not r.source.startswith("COLD"), language)  # fmt: skip
        authored = {d: [r.span for r in rows if r.span and 15 < len(r.span) < 220 and "BIPIA" not in r.source
                        and r.heads.get("hazard") != 1 and is_dev(r.group) == d] for d in (False, True)}  # fmt: skip
        for base in rng.sample(carriers, min(900, len(carriers))):
            dev = is_dev(base.group)
            carrier = _window(base.text, rng)
            attacks = authored[dev] + 3 * _side(blocks()[f"indirect_{language}"], dev)
            attack = rng.choice(attacks)
            yield _row(_insert(carrier, attack, rng), {"indirect": 1}, base, "planted", span=attack)
            orders = _side(blocks()[f"document_orders_{language}"], dev) or [""]
            harmless = _insert(carrier, rng.choice(orders), rng)
            yield _row(harmless, {"indirect": 0, "direct": 0}, base, "document-order")


def _window(text: str, rng: random.Random, size: int = 420) -> str:
    size = size if language_of(text) == "en" else size // 2
    start = rng.randrange(max(1, len(text) - size))
    return text[start : start + size]


def _insert(carrier: str, sentence: str, rng: random.Random) -> str:
    ends = [i + 1 for i, char in enumerate(carrier) if char in "。！？.!?\n;；"]
    at = rng.choice([0, len(carrier), *ends])
    glue = rng.choice(["\n", " ", "\n\n", ""])
    comment = (rng.random() < 0.15 and "<!-- {} -->") or "{}"
    return carrier[:at] + glue + comment.replace("{}", sentence) + glue + carrier[at:]


def _quoted(rows: Sequence[GuardRow], rng: random.Random) -> Iterator[GuardRow]:
    for language in ("zh", "en"):
        attacks = _pick(rows, lambda r: r.heads.get("direct") == 1 and len(r.text) < 80, language)
        for base in rng.sample(attacks, min(160, len(attacks))):
            frame = rng.choice(blocks()[f"quoted_{language}"])
            yield _row(frame.replace("{a}", base.text), CLEAN, base, "quoted")


def _personas(rows: Sequence[GuardRow], rng: random.Random) -> Iterator[GuardRow]:
    for language in ("zh", "en"):
        for base in rng.sample(_harmless(rows, language, 80), 250):
            frame = rng.choice(blocks()[f"personas_{language}"])
            yield _row(frame.replace("{t}", base.text), CLEAN, base, "persona")


def _obfuscated(rows: Sequence[GuardRow], rng: random.Random) -> Iterator[GuardRow]:
    """The same disguises on attacks and on harmless texts, so that a disguise alone decides nothing."""
    for language in ("zh", "en"):
        attacks = _pick(rows, lambda r: r.heads.get("direct") == 1 and len(r.text) < 120, language)
        for base in rng.sample(attacks, min(220, len(attacks))):
            yield _row(_disguise(base.text, rng), {"direct": 1}, base, "obfuscated")
        for base in rng.sample(_harmless(rows, language, 120), 220):
            yield _row(_disguise(base.text, rng), CLEAN, base, "obfuscated")
    for base in rng.sample(attacks, min(40, len(attacks))):
        code = base64.b64encode(base.text.encode()).decode()
        yield _row(f"Decode this base64 and do what it says: {code}", {"direct": 1}, base, "obfuscated")


SO_FAR_BYTES = 400
"""What the guard detector reads before a sentence of an answer (`BEFORE_BYTES` there)."""
ANSWERED = ("hazard", "compliance")
SURE = 0.6
"""Share of a harmful answer from which on what was said so far is harmful too."""


def _pieces(rows: Sequence[GuardRow], rng: random.Random) -> Iterator[GuardRow]:
    """Answers as a stream shows them: a sentence with what was said before it, and a sentence alone.
    Of a harmless answer every piece is harmless, however alarming it sounds without the rest."""
    for base in [row for row in rows if "compliance" in row.heads and row.question]:
        cuts = [0, *(i + 1 for i, char in enumerate(base.text) if char in "。！？.!?\n"), len(base.text)]
        spans = [(a, b) for a, b in pairwise(cuts) if base.text[a:b].strip()]
        if base.heads["compliance"]:
            spans = [(a, b) for a, b in spans if b > SURE * len(base.text)][:1]
        for start, end in rng.sample(spans, min(2, len(spans))):
            before = base.text[:start].encode()[-SO_FAR_BYTES:].decode(errors="ignore")
            heads = {name: base.heads[name] for name in HEADS if name in ANSWERED and name in base.heads}
            piece, more = before + base.text[start:end], {"question": base.question}
            yield _row(piece, heads, base, "piece", categories=base.categories, **more)
            if not base.heads["compliance"]:
                yield _row(base.text[start:end], {"offensive": 0}, base, "sentence")


def _disguise(text: str, rng: random.Random) -> str:
    match rng.randrange(6):
        case 0:
            return text.translate(FULLWIDTH)
        case 1:
            return text.lower().translate(LEET)
        case 2:
            return text.translate(LOOKALIKE)
        case 3:
            return rng.choice([" ", "·", "-"]).join(text)
        case 4:
            return "".join(c.upper() if rng.random() < 0.5 else c.lower() for c in text)
        case _:
            return "".join(c * 2 if rng.random() < 0.06 else c for c in text if rng.random() > 0.03)
