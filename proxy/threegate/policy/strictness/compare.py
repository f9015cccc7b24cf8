"""Which of two values is stricter: the words and tools for comparing rules. Conservative: what
cannot be proved is UNCLEAR, never STRICTER; a text that a model is told in addition is UNJUDGED.

Strength is measured by what the guard lets through: a rule is at least as strict as another if it
acts at least as strongly on every call and text on which the other acts. Wording (titles, messages,
owners) is CHANGED and has no strength.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from threegate.i18n.catalog import listed, texts
from threegate.policy.language.shapes import specs
from threegate.policy.language.vocabulary import VOCABULARY, Scale
from threegate.policy.model import Selector, When
from threegate.types import Bilingual


class Direction(IntEnum):
    """What a change does, least concern first; the worst aspect names the whole change."""

    CHANGED = 0
    STRICTER = 1
    UNJUDGED = 2  # what a model is told: no comparison of texts says what it will make of them
    UNCLEAR = 3
    LOOSER = 4


@dataclass(frozen=True, slots=True)
class Aspect:
    """One difference between two rules, in words."""

    direction: Direction
    text: Bilingual


NAMES = texts("vocabulary", "aspect")
"""The aspects in which two rules or policies can differ, in words. An aspect that is one field has
the field's name."""
Name = str | Bilingual
"""An entry of `NAMES`, or words made for one value."""
Compare = Callable[[Name, Any, Any], Iterator[Aspect]]
Part = Callable[[Any, Any], Iterator[Aspect]]


def named(name: Name) -> Bilingual:
    return NAMES[name] if isinstance(name, str) else name


def each(compare: Compare, *names: str) -> Part:
    """Compares fields that have the names of their aspects."""

    def compared(old: Any, new: Any) -> Iterator[Aspect]:
        for name in names:
            yield from compare(name, getattr(old, name), getattr(new, name))

    return compared


def all_of(*parts: Part) -> Part:
    """Compares by each part in turn."""

    def compared(old: Any, new: Any) -> Iterator[Aspect]:
        for part in parts:
            yield from part(old, new)

    return compared


# --- helpers that turn two values into an aspect


def ranked(name: Name, old: Any, new: Any, scale: Scale | None = None) -> Iterator[Aspect]:
    """Values on a scale, weakest first; by default the scale of their type."""
    if old != new:
        scale = scale or VOCABULARY[type(old)]
        order = list(scale)
        yield moved(name, order.index(new) - order.index(old), scale[old], scale[new])


def moved(name: Name, sign: float, old: Bilingual, new: Bilingual) -> Aspect:
    return Aspect(Direction.STRICTER if sign > 0 else Direction.LOOSER, _step(name, old, new))


def share(name: Name, old: int, new: int) -> Iterator[Aspect]:
    """Percentages where more is stricter."""
    if old != new:
        yield moved(name, new - old, *(Bilingual(f"{r}%", f"{r} %") for r in (old, new)))


def worded(name: Name, old: Any, new: Any) -> Iterator[Aspect]:
    """Words of the language, none of which is stricter than another."""
    if old != new:
        words = VOCABULARY[type(old)]
        yield Aspect(Direction.CHANGED, _step(name, words[old], words[new]))


def _step(name: Name, old: Bilingual, new: Bilingual) -> Bilingual:
    words = named(name)
    return Bilingual(f"{words.zh}：{old.zh} → {new.zh}", f"{words.en}: {old.en} -> {new.en}")


def verbatim(value: str) -> Bilingual:
    """A name given by an author, the same in both languages."""
    return Bilingual(value, value)


def covering(
    name: Name,
    old: Iterable[str],
    new: Iterable[str],
    covers: Callable[[str, str], bool] = operator.eq,
    report: Callable[[str], Bilingual] = verbatim,
) -> Iterator[Aspect]:
    """Sets where more is stricter; `covers(a, b)`: a includes b. `report` names
    an item."""
    before, after = tuple(old), tuple(new)
    lost = [b for b in before if not any(covers(a, b) for a in after)]
    gained = [a for a in after if not any(covers(b, a) for b in before)]
    if gained:
        yield Aspect(Direction.STRICTER, _listed(name, "added", map(report, sorted(gained))))
    if lost:
        yield Aspect(Direction.LOOSER, _listed(name, "removed", map(report, sorted(lost))))


def _listed(name: Name, verb: str, items: Iterable[Bilingual]) -> Bilingual:
    shown, head, did = list(items), named(name), NAMES[verb]
    more = f" … ({len(shown)})" if len(shown) > 8 else ""
    zh, en = "、".join(s.zh for s in shown[:8]), ", ".join(s.en for s in shown[:8])
    return Bilingual(f"{head.zh}{did.zh}：{zh}{more}", f"{head.en} {did.en}: {en}{more}")


def inverted(aspects: Iterable[Aspect]) -> Iterator[Aspect]:
    """For sets where more is looser."""
    swap = {Direction.STRICTER: Direction.LOOSER, Direction.LOOSER: Direction.STRICTER}
    for aspect in aspects:
        yield Aspect(swap.get(aspect.direction, aspect.direction), aspect.text)


def present(name: Name, old: Any, new: Any) -> Iterator[Aspect]:
    """A part that only one side has; nothing if both or neither have it."""
    if old is None and new is not None:
        words = named(name)
        yield Aspect(Direction.STRICTER, Bilingual(f"增加{words.zh}", f"{words.en} added"))
    if old is not None and new is None:
        yield removed(name)


def removed(name: Name) -> Aspect:
    words = named(name)
    return Aspect(Direction.LOOSER, Bilingual(f"去掉{words.zh}", f"{words.en} removed"))


def wording(name: Name, old: Any, new: Any) -> Iterator[Aspect]:
    if old != new:
        words = named(name)
        yield Aspect(Direction.CHANGED, Bilingual(f"{words.zh}有改动", f"{words.en} changed"))


def unclear(name: Name, old: Any = 0, new: Any = 1) -> Iterator[Aspect]:
    if old != new:
        words = named(name)
        zh, en = f"{words.zh}有改动，可能变松", f"{words.en} changed, which may be looser"
        yield Aspect(Direction.UNCLEAR, Bilingual(zh, en))


def includes(wide: str, narrow: str) -> bool:
    """Kinds; a family includes everything below it."""
    stem = wide.removesuffix(".*")
    return narrow.removesuffix(".*") == stem or narrow.startswith(stem + ".")


def glob(wide: str, narrow: str) -> bool:
    return wide == narrow or (wide.endswith("*") and narrow.startswith(wide[:-1]))


# --- parts that both sorts of rules have


SELECTOR = tuple(part.name for part in specs(Selector))
EXCLUSIONS = tuple(part.name for part in specs(When) if part.name not in SELECTOR)


def callers(old: Any, new: Any) -> Iterator[Aspect]:
    for part in SELECTOR:
        before, after = getattr(old.when, part), getattr(new.when, part)
        if before != after:
            yield from _scope(part, before, after)
    for part in EXCLUSIONS:
        yield from inverted(covering(part, getattr(old.when, part), getattr(new.when, part), glob))


def _scope(name: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Aspect]:
    if not new:
        yield moved(name, 1, listed(old), NAMES["everything"])
    elif not old:
        yield moved(name, -1, NAMES["everything"], listed(new))
    else:
        yield from covering(name, old, new, glob)


def selector_covers(wide: When, narrow: When) -> bool:
    """Whether every caller in `narrow` is also in `wide`."""
    for part in EXCLUSIONS:
        out, also_out = getattr(wide, part), getattr(narrow, part)
        if not all(any(glob(x, y) for x in also_out) for y in out):
            return False
    return within(wide, narrow)


def reached(selectors: Sequence[Selector]) -> list[bool]:
    """Whether each binding is for any call, given those before it. One for some paths or models
    takes nothing from those after it: a caller may ask for a later policy by its name."""
    return [
        not any(before.takes_all_calls and within(before, each) for before in selectors[:n])
        for n, each in enumerate(selectors)
    ]


def within(wide: Selector, narrow: Selector) -> bool:
    """Whether every call of `narrow` is also one of `wide`; exclusions do not count."""
    for part in SELECTOR:
        a, b = getattr(wide, part), getattr(narrow, part) or ("",)
        if a and not all(any(glob(x, y) for x in a) for y in b):
            return False
    return True


life = all_of(each(ranked, "mode"), each(share, "rollout"))
labels = each(wording, "title", "owner", "why", "message", "review_by")
