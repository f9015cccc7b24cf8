"""Seeds for the obfuscation tests: values, instructions and words of a list, each in a sentence."""

from __future__ import annotations

import random

from threegate.testing.attacks.values import (
    CARD,
    MOBILE,
    ORDER,
    ORDERS,
    RESIDENT,
    Seed,
    card,
    frame,
    mobile,
    resident,
)
from threegate.types import Channel, Layer, Passage, TextLocation

LIST = "list.own"
LISTED = {
    "zh": ("北极星计划", "绿洲项目", "天枢系统"),
    "en": ("project oasis", "polaris", "codename tiger"),
}


def seeds(language: str, count: int) -> list[Seed]:
    """The five kinds by turns."""
    dice = random.Random(f"disguise {language}")
    made = []
    for number in range(count):
        sentence = frame(language, dice)
        kind, hidden = _hidden(number % 5, language, dice)
        made.append(Seed(kind, language, hidden, sentence))
    return made


def _hidden(turn: int, language: str, dice: random.Random) -> tuple[str, str]:
    match turn:
        case 0:
            return MOBILE, mobile(dice)
        case 1:
            return RESIDENT, resident(dice)
        case 2:
            return ORDER, dice.choice(ORDERS[language])
        case 3:
            return LIST, dice.choice(LISTED[language])
        case _:
            return CARD, card(dice)


def passage(seed: Seed, disguise: str) -> Passage:
    return Passage(TextLocation(Layer.INPUT, Channel.USER), seed.frame.format(disguise))
