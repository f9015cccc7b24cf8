"""Which of two values is stricter: the words and tools for comparing rules. Conservative: what
cannot be proved is UNCLEAR, never STRICTER.

Strength is what the guard lets through: a rule is at least as strict as another if every call and
text that the other one acts on is acted on at least as strongly. Wording (titles, messages, owners)
is CHANGED and has no strength.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from threegate.policy.language.vocabulary import MODE, Scale
from threegate.policy.model import Selector
from threegate.types import Bilingual


class Direction(IntEnum):
    """What a change does, weakest concern first: the worst aspect names the whole."""

    CHANGED = 0
    STRICTER = 1
    UNCLEAR = 2
    LOOSER = 3


@dataclass(frozen=True, slots=True)
class Aspect:
    """One difference between two rules, in words."""

    direction: Direction
    text: Bilingual


# --- helpers that turn two values into an aspect


def ranked(name: Bilingual, scale: Scale, old: Any, new: Any) -> Iterator[Aspect]:
    """Values on a scale, weakest first."""
    if old != new:
        order = list(scale)
        yield moved(name, order.index(new) - order.index(old), scale[old], scale[new])


def moved(name: Bilingual, sign: float, old: Bilingual, new: Bilingual) -> Aspect:
    return Aspect(Direction.STRICTER if sign > 0 else Direction.LOOSER, _step(name, old, new))


def share(name: Bilingual, old: int, new: int) -> Iterator[Aspect]:
    """Percentages where more is stricter."""
    if old != new:
        yield moved(name, new - old, *(Bilingual(f"{r}%", f"{r} %") for r in (old, new)))


def worded(name: Bilingual, words: Scale, old: Any, new: Any) -> Iterator[Aspect]:
    """Values of which none is stricter than another."""
    if old != new:
        yield Aspect(Direction.CHANGED, _step(name, words[old], words[new]))


def _step(name: Bilingual, old: Bilingual, new: Bilingual) -> Bilingual:
    return Bilingual(f"{name.zh}：{old.zh} → {new.zh}", f"{name.en}: {old.en} -> {new.en}")


def verbatim(value: str) -> Bilingual:
    """What an author named: the same in both languages."""
    return Bilingual(value, value)


def covering(
    name: Bilingual,
    old: Iterable[str],
    new: Iterable[str],
    covers: Callable[[str, str], bool],
    report: Callable[[str], Bilingual] = verbatim,
) -> Iterator[Aspect]:
    """Sets where more is stricter; `covers(a, b)`: a includes b. `say` names an item."""
    before, after = tuple(old), tuple(new)
    lost = [b for b in before if not any(covers(a, b) for a in after)]
    gained = [a for a in after if not any(covers(b, a) for b in before)]
    if gained:
        yield Aspect(Direction.STRICTER, _listed(name, Bilingual("增加", "added"), gained, report))
    if lost:
        yield Aspect(Direction.LOOSER, _listed(name, Bilingual("去掉", "removed"), lost, report))


def _listed(
    name: Bilingual, verb: Bilingual, items: Iterable[str], report: Callable[[str], Bilingual]
) -> Bilingual:
    shown = [report(item) for item in sorted(items)]
    more = f" … ({len(shown)})" if len(shown) > 8 else ""
    zh, en = "、".join(s.zh for s in shown[:8]), ", ".join(s.en for s in shown[:8])
    return Bilingual(f"{name.zh}{verb.zh}：{zh}{more}", f"{name.en} {verb.en}: {en}{more}")


def inverted(aspects: Iterable[Aspect]) -> Iterator[Aspect]:
    """For sets where more is looser."""
    swap = {Direction.STRICTER: Direction.LOOSER, Direction.LOOSER: Direction.STRICTER}
    for aspect in aspects:
        yield Aspect(swap.get(aspect.direction, aspect.direction), aspect.text)


def wording(name: Bilingual, old: Any, new: Any) -> Iterator[Aspect]:
    if old != new:
        yield Aspect(Direction.CHANGED, Bilingual(f"{name.zh}有改动", f"{name.en} changed"))


def unclear(name: Bilingual, old: Any, new: Any) -> Iterator[Aspect]:
    if old != new:
        text = Bilingual(f"{name.zh}有改动，可能变松", f"{name.en} changed, which may be looser")
        yield Aspect(Direction.UNCLEAR, text)


def includes(wide: str, narrow: str) -> bool:
    """Kinds: a family includes what is below it."""
    stem = wide.removesuffix(".*")
    return narrow.removesuffix(".*") == stem or narrow.startswith(stem + ".")


def glob(wide: str, narrow: str) -> bool:
    return wide == narrow or (wide.endswith("*") and narrow.startswith(wide[:-1]))


def same(a: str, b: str) -> bool:
    return a == b


# --- parts that both sorts of rules have


def callers(old: Any, new: Any) -> Iterator[Aspect]:
    for part, zh, en in _SELECTOR_PARTS:
        before, after = getattr(old.when, part), getattr(new.when, part)
        if before != after:
            yield from _scope(Bilingual(zh, en), before, after)


_SELECTOR_PARTS = (
    ("tenant", "适用租户", "tenants"),
    ("key", "适用密钥", "keys"),
    ("route", "适用路径", "routes"),
    ("model", "适用模型", "models"),
    ("language", "适用语言", "languages"),
)


def _scope(name: Bilingual, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Aspect]:
    everything = Bilingual("全部", "all")
    if not new:
        yield moved(name, 1, _all_of(old), everything)
    elif not old:
        yield moved(name, -1, everything, _all_of(new))
    else:
        yield from covering(name, old, new, glob)


def _all_of(names: tuple[str, ...]) -> Bilingual:
    return Bilingual("、".join(names), ", ".join(names))


def selector_covers(wide: Selector, narrow: Selector) -> bool:
    """Whether every caller of `narrow` is one of `wide`."""
    for part, _, _ in _SELECTOR_PARTS:
        a, b = getattr(wide, part), getattr(narrow, part)
        if a and not (b and all(any(glob(x, y) for x in a) for y in b)):
            return False
    return True


def life(old: Any, new: Any) -> Iterator[Aspect]:
    yield from ranked(Bilingual("模式", "mode"), MODE, old.mode, new.mode)
    yield from share(Bilingual("生效比例", "rollout"), old.rollout, new.rollout)


def texts(old: Any, new: Any) -> Iterator[Aspect]:
    yield from wording(Bilingual("标题", "title"), old.title, new.title)
    yield from wording(Bilingual("负责人", "owner"), old.owner, new.owner)
    yield from wording(Bilingual("依据", "reasons"), old.why, new.why)
    yield from wording(Bilingual("说明", "message"), old.message, new.message)
    yield from wording(Bilingual("复审日期", "review date"), old.review_by, new.review_by)
