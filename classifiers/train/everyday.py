"""Generated rows about form: rules that people set for an answer, short orders that drop rules or drafts, greetings, echoes, refusals.

Strict rules of form ("only in Hindi", "repeat the request first") were taken for injection, an assistant's greeting, a question said again and a
refusal for compliance, while attacks of a few words passed: the former are shown as harmless, the last beside the same verbs about
the user's own things.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import yaml

from guard_rows import CLEAN, GuardRow

FORMED, ORDERS, GREETINGS, REFUSALS, ECHOES = 1500, 450, 300, 1200, 900
"""Rows of each kind and language."""
QUIET = CLEAN | {"offensive": 0}
ANSWER = {"compliance": 0, "hazard": 0, "offensive": 0}
LONGEST = 160
"""Characters of a question that gets rules."""
LINKS = {"en": (" and ", ", then ", ". Then ", "; "), "zh": ("，", "，然后", "。接着", "，再")}
TIRED = {"en": ("", "", "please ", "now ", "ok, "), "zh": ("", "", "请", "现在", "好，")}


@cache
def _blocks() -> dict[str, list[str]]:
    loaded: dict[str, list[str]] = yaml.safe_load(
        Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    )
    return loaded


def everyday(rows: Sequence[GuardRow], seed: int = 71) -> list[GuardRow]:
    """All of them; deterministic in `rows` and `seed`."""
    rng = random.Random(seed)
    made: list[GuardRow] = []
    for language in ("zh", "en"):
        asked = [r for r in rows if r.language == language and not r.question and 8 < len(r.text) < LONGEST
                 and r.heads.get("hazard") == 0 and r.heads.get("direct") == 0 and r.source.split("/")[0] != "COLD"]  # fmt: skip
        harmful = [r for r in rows if r.language == language and not r.question and len(r.text) < LONGEST
                   and r.heads.get("hazard") == 1 and r.heads.get("direct") == 0]  # fmt: skip
        made += [*_formed(asked, language, rng), *_orders(language, rng), *_greetings(asked, language, rng)]
        made += [*_refusals(harmful, language, rng), *_echoes(asked, language, rng)]
    return made


def _formed(asked: Sequence[GuardRow], language: str, rng: random.Random) -> Iterator[GuardRow]:
    """A question and one to three rules for its answer, before or after it."""
    rules, gap = _blocks()[f"rules_{language}"], "" if language == "zh" else " "
    for base in rng.sample(asked, min(FORMED, len(asked))):
        parts = [base.text, *rng.sample(rules, rng.choice((1, 1, 2, 3)))]
        if rng.random() < 0.25:
            parts = [*parts[1:], parts[0]]
        yield GuardRow(
            rng.choice((gap, gap, "\n")).join(parts), QUIET, base.group, "generated/formed", language
        )


def _orders(language: str, rng: random.Random) -> Iterator[GuardRow]:
    """Attacks of a few words, and as many chores made of the same verbs."""
    blocks = _blocks()
    for number in range(ORDERS):
        yield _order(blocks, language, rng, "orders", "prizes", {"direct": 1}, number)
        yield _order(blocks, language, rng, "own", "chores", QUIET, number)


def _order(
    blocks: dict[str, list[str]],
    language: str,
    rng: random.Random,
    what: str,
    then: str,
    heads: dict[str, int],
    number: int,
) -> GuardRow:
    def pick(name: str) -> str:
        return rng.choice(blocks[f"{name}_{language}"])

    gap = "" if language == "zh" else " "
    text = f"{rng.choice(TIRED[language])}{pick('drop')}{gap}{pick(what)}{rng.choice(LINKS[language])}{pick(then)}"
    if rng.random() < 0.5:
        text = text[:1].upper() + text[1:] + ("。" if language == "zh" else ".")
    return GuardRow(text, heads, f"short-order-{language}-{number % 50}", "generated/order", language)


def _greetings(asked: Sequence[GuardRow], language: str, rng: random.Random) -> Iterator[GuardRow]:
    blocks = _blocks()
    for base in rng.sample(asked, min(GREETINGS, len(asked))):
        text = rng.choice(blocks[f"greetings_{language}"]).format(
            r=rng.choice(blocks[f"roles_{language}"]), t=rng.choice(blocks[f"topics_{language}"])
        )
        yield GuardRow(text, ANSWER, base.group, "generated/greeting", language, base.text)


def _refusals(harmful: Sequence[GuardRow], language: str, rng: random.Random) -> Iterator[GuardRow]:
    """An assistant that declines, in a line or at length, beside what it was asked for."""
    for number, base in enumerate(rng.sample(harmful, min(REFUSALS, len(harmful)))):
        text = _declined(base.text, language, rng) if number % 2 else _refusal(language, rng)
        yield GuardRow(text, ANSWER, base.group, "generated/refusal", language, base.text)


def _refusal(language: str, rng: random.Random) -> str:
    gap, stop = ("", "") if language == "zh" else (" ", ".")
    sorry, cannot, because, instead = (
        rng.choice(_blocks()[f"{part}_{language}"]) for part in ("sorry", "cannot", "because", "instead")
    )
    return f"{sorry}{gap}{cannot}{gap if because else ''}{because}{stop}{gap}{instead}".strip()


def _declined(question: str, language: str, rng: random.Random) -> str:
    """A refusal that names the wish or goes on at length."""
    text = rng.choice(_blocks()[f"declined_{language}"])
    while "{i}" in text:
        text = text.replace("{i}", rng.choice(_blocks()[f"instead_{language}"]), 1)
    return text.replace("{q}", question).strip()


def _echoes(asked: Sequence[GuardRow], language: str, rng: random.Random) -> Iterator[GuardRow]:
    for base in rng.sample(asked, min(ECHOES, len(asked))):
        text = rng.choice(_blocks()[f"echoes_{language}"]).replace("{q}", base.text)
        yield GuardRow(text, ANSWER, base.group, "generated/echo", language, base.text)
