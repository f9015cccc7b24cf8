"""Values to hide in a text, harmless ones that look like them, and sentences around both.

All are drawn from a seed; the values pass their check digits, the harmless ones fail them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from threegate.checksums import completed, luhn, resident_id
from threegate.data_files import table

LANGUAGES: Final = ("zh", "en")
_TEXTS: Final[Mapping[str, Any]] = table("testing.attacks", "encoding")
LOOK_ALIKES: Final[tuple[str, ...]] = tuple(_TEXTS["look_alikes"])
"""Honest texts that look like disguises."""
ORDERS: Final[Mapping[str, list[str]]] = _TEXTS["orders"]

MOBILE: Final = "pii.cn.mobile"
RESIDENT: Final = "pii.cn.id_card"
CARD: Final = "pii.bank_card"
ORDER: Final = "injection.signature"


@dataclass(frozen=True, slots=True)
class Seed:
    """What is hidden, of which kind (empty: harmless), and a sentence with `{}` for it."""

    kind: str
    language: str
    hidden: str
    frame: str


def frame(language: str, dice: random.Random) -> str:
    return str(dice.choice(_TEXTS["frames"][language]))


def mobile(dice: random.Random) -> str:
    return f"13{_digits(dice, 9)}"


def resident(dice: random.Random) -> str:
    """A resident identity number with its check digit."""
    day = f"{dice.randint(1950, 2005)}{dice.randint(1, 12):02}{dice.randint(1, 28):02}"
    return completed(f"110105{day}{_digits(dice, 3)}", resident_id)


def card(dice: random.Random) -> str:
    """A bank card's number with its check digit."""
    return completed(f"622202{_digits(dice, 12)}", luhn)


def harmless(language: str, dice: random.Random) -> str:
    """Words of an ordinary day, a date with a time, or a number that fails every check digit."""
    match dice.randrange(3):
        case 0:
            return str(dice.choice(_TEXTS["words"][language]))
        case 1:
            return f"2024-{dice.randint(1, 12):02}-{dice.randint(1, 28):02} 10:30"
        case _:
            return _broken(dice)


def _broken(dice: random.Random) -> str:
    good = card(dice)
    return good[:-1] + str((int(good[-1]) + dice.randint(1, 9)) % 10)


def _digits(dice: random.Random, count: int) -> str:
    return "".join(dice.choice("0123456789") for _ in range(count))


_MAKERS: Final[tuple[tuple[str, Callable[[random.Random], str]], ...]] = (
    (MOBILE, mobile),
    (RESIDENT, resident),
    (CARD, card),
)


def _dice(name: str, seed: int) -> random.Random:
    return random.Random(f"{name} {seed}")  # noqa: S311 - repeatable, not secret


def values(count: int, seed: int) -> list[Seed]:
    """Personal values, in sentences of both languages by turns."""
    dice = _dice("values", seed)
    made = []
    for number in range(count):
        kind, maker = _MAKERS[number % len(_MAKERS)]
        language = LANGUAGES[number // len(_MAKERS) % 2]
        made.append(Seed(kind, language, maker(dice), frame(language, dice)))
    return made


def orders(count: int, seed: int) -> list[Seed]:
    """Instructions that a planted text gives to a model."""
    dice = _dice("orders", seed)
    languages = [LANGUAGES[n % 2] for n in range(count)]
    return [Seed(ORDER, x, dice.choice(ORDERS[x]), frame(x, dice)) for x in languages]


def twins(count: int, seed: int) -> list[Seed]:
    dice = _dice("twins", seed)
    languages = [LANGUAGES[n % 2] for n in range(count)]
    return [Seed("", x, harmless(x, dice), frame(x, dice)) for x in languages]
