"""A cache of answers by the hash of what was judged. Holds no text.

A client sends the whole conversation in every turn; with the cache only new text costs a run. An
answer that is kept comes sooner than a new one, so nobody finds those of another owner: the time
would tell that a text has been here before.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sized
from contextvars import ContextVar
from typing import Generic, TypeVar

from threegate_classifiers.tokenize import Text

A = TypeVar("A")

OWNER: ContextVar[str] = ContextVar("owner", default="")
"""Whose texts are judged: a tenant, or nobody outside calls."""


def owner() -> bytes:
    """The beginning of what a cache is searched by, with an end of its own."""
    name = OWNER.get().encode("utf-8", "surrogatepass")
    return len(name).to_bytes(4, "big") + name


def digest(text: Text) -> bytes:
    """Tells a pair from its concatenation: the length of the first text goes in front. Another one
    for each owner."""
    first = text.first.encode("utf-8", "surrogatepass")
    made = hashlib.blake2b(owner() + len(first).to_bytes(8, "big") + first, digest_size=16)
    if text.second is not None:
        made.update(b"\1" + text.second.encode("utf-8", "surrogatepass"))
    return made.digest()


PARTS = 8
"""A text may be full of names or fill many windows: an answer counts by its parts, and a cache has
room for so many an answer on the average."""


class Lru(Generic[A]):
    """At most `size` answers with `PARTS` times as many parts; the least recently used leave.
    Thread-safe."""

    def __init__(self, size: int) -> None:
        self._size, self._parts = size, 0
        self._items: OrderedDict[bytes, A] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: bytes) -> A | None:
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
            return self._items.get(key)

    def put(self, key: bytes, answer: A) -> None:
        with self._lock:
            if key in self._items:
                self._parts -= _parts(self._items.pop(key))
            self._items[key] = answer
            self._parts += _parts(answer)
            while len(self._items) > self._size or self._parts > PARTS * self._size:
                self._parts -= _parts(self._items.popitem(last=False)[1])


def _parts(answer: object) -> int:
    return len(answer) if isinstance(answer, Sized) else 1
