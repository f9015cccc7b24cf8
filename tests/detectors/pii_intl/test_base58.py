"""Base58Check of many words at once is that of each."""

from __future__ import annotations

from hashlib import sha256
from random import Random

from threegate.detectors.engine.digit_index import DigitIndex
from threegate.detectors.pii_intl.base58 import ALPHABET, LEAST, MOST, checked, checked_words

DRAW = Random(7)


def address(version: int) -> str:
    raw = bytes((version,)) + DRAW.randbytes(20)
    raw += sha256(sha256(raw).digest()).digest()[:4]
    number, digits = int.from_bytes(raw), ""
    while number:
        number, rest = divmod(number, 58)
        digits = ALPHABET[rest] + digits
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + digits


def near(word: str) -> str:
    at = DRAW.randrange(len(word))
    return word[:at] + DRAW.choice(ALPHABET + "0OIl") + word[at + 1 :]


def test_words_of_a_long_text_are_judged_as_one_is() -> None:
    true = [address(version) for version in [0, 5, 48, 65, 255] * 60]
    random = ["".join(DRAW.choices(ALPHABET, k=DRAW.randint(20, 40))) for _ in range(600)]
    words = [*true, *map(near, true), *random, "1" * 25, "1" * 26, "z" * 35]
    DRAW.shuffle(words)
    text = "，".join(words)
    sieve = DigitIndex(text, text.encode())
    start, end = sieve.tokens(LEAST)
    found = set(checked_words(sieve, start, end).tolist())
    spans = zip(start.tolist(), end.tolist(), strict=True)
    fitting = {s for s, e in spans if e - s <= MOST and checked(text[s:e])}
    assert found == fitting
    assert len(found) >= len(true)


def test_a_text_without_words_has_none() -> None:
    sieve = DigitIndex("a", b"a")
    assert not len(checked_words(sieve, *sieve.tokens(LEAST)))
