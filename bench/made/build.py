"""Labelled rows made by a seed: half with a value, half near misses and clean text.

`threegate eval pii --made 4000` judges the detectors on them; the same seed gives the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from bench.made import clean, near, secret
from bench.made.carriers import Carrier, carrier
from bench.made.kinds import KINDS, MadeKind, as_is

LANGUAGES = ("zh", "en", "mixed")
SOURCE = "made"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Marked:
    text: str
    value: str
    label: str
    language: str

    def row(self, number: int) -> Row:
        start = self.text.index(self.value)
        span = {"start": start, "end": start + len(self.value), "label": self.label}
        return _row(number, self.text, self.language, [span])


def _row(number: int, text: str, language: str, spans: list[Row]) -> Row:
    return {
        "id": f"{SOURCE}-{number:05d}",
        "text": text,
        "language": language,
        "source": SOURCE,
        "spans": spans,
    }


def rows(task: str, count: int, seed: int = 0) -> Iterator[Row]:
    """`task` is `pii` or `secrets`; every kind comes as often as the others."""
    rng = Random(f"{task} {seed}")
    marked, plain = _MAKERS[task]
    for number in range(count):
        language = LANGUAGES[number // 2 % len(LANGUAGES)]
        if number % 2 == 0:
            yield marked(rng, number // 2, language).row(number)
        else:
            spoken = language if language != "mixed" else rng.choice(("zh", "en"))
            text = plain(rng, spoken) if number % 4 == 1 else clean.text(rng, spoken)
            yield _row(number, text, language, [])


def _identifier(rng: Random, number: int, language: str) -> _Marked:
    kind = KINDS[number // len(LANGUAGES) % len(KINDS)]
    chosen = carrier(rng, language, bare=kind.bare)
    value = _written(rng, kind, chosen)
    label = rng.choice(kind.zh if _label_in_chinese(rng, chosen, language) else kind.en)
    text = _spaced(chosen.text, label).format(l=label, k=kind.key, v=value)
    return _Marked(text, value, kind.label, language)


def _spaced(template: str, label: str) -> str:
    """A Latin label does not run into its value."""
    return template.replace("{l}{v}", "{l} {v}") if label[-1].isascii() else template


def _written(rng: Random, kind: MadeKind, chosen: Carrier) -> str:
    write = as_is if chosen.tight or not kind.writings else rng.choice(kind.writings)
    return write(rng, kind.make(rng))


def _label_in_chinese(rng: Random, chosen: Carrier, language: str) -> bool:
    """A mixed text's label is in the language that its frame is not in."""
    chinese = any("\u4e00" <= c <= "\u9fff" for c in chosen.text)
    return chinese if language != "mixed" else not chinese


def _near(rng: Random, language: str) -> str:
    return rng.choice(near.NEAR)(rng, language)


def _secret(rng: Random, number: int, language: str) -> _Marked:
    text, value = secret.row(rng, number // len(LANGUAGES), language)
    return _Marked(text, value, "SECRET", language)


Marked = Callable[[Random, int, str], _Marked]
Plain = Callable[[Random, str], str]
_MAKERS: dict[str, tuple[Marked, Plain]] = {
    "pii": (_identifier, _near),
    "secrets": (_secret, secret.near),
}
TASKS = tuple(_MAKERS)
