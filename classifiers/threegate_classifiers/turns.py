"""A queue in which calls take turns, one row each: a call with very many rows waits for itself and
makes no other call wait for all of them."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Generic, TypeVar

T = TypeVar("T")

CALL: ContextVar[object | None] = ContextVar("call", default=None)
"""What is queued with the same one takes turns as one; without one each `add` is a call of its
own."""


class Turns(Generic[T]):
    """`size` says how much work an item is."""

    def __init__(self, size: Callable[[T], int]) -> None:
        self._size = size
        self._lines: OrderedDict[object, deque[T]] = OrderedDict()
        self._sizes: dict[object, int] = {}

    def __bool__(self) -> bool:
        return bool(self._lines)

    @property
    def size(self) -> int:
        return sum(self._sizes.values())

    def ahead(self, size: int) -> int:
        """How much is taken before the last item of what this call would add: all that it has
        queued, and as much again of every other call."""
        call = CALL.get()
        own = self._sizes.get(call, 0)
        others = (each for name, each in self._sizes.items() if name is not call)
        return own + sum(min(each, own + size) for each in others)

    def add(self, items: Iterable[T]) -> None:
        call = CALL.get() or object()
        for item in items:
            self._lines.setdefault(call, deque()).append(item)
            self._sizes[call] = self._sizes.get(call, 0) + self._size(item)

    def first(self) -> T:
        return next(iter(self._lines.values()))[0]

    def take(self) -> T:
        """The first item; the next one of its call comes after one of every other call."""
        call, line = self._lines.popitem(last=False)
        item = line.popleft()
        if line:
            self._lines[call] = line
            self._sizes[call] -= self._size(item)
        else:
            del self._sizes[call]
        return item

    def clear(self) -> list[T]:
        """All items, which are then gone."""
        left = [item for line in self._lines.values() for item in line]
        self._lines.clear()
        self._sizes.clear()
        return left
