"""Sealed masks between two checks of clients that cannot carry them, such as LiteLLM's hooks.

Kept per process, bounded, for `KEPT_S` seconds. The masks are sealed (`sealed_masks`), so memory
holds no plain value. A check that reaches another worker finds nothing, and its placeholders stay
as they are.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from threegate.types import Caller

KEPT_S = 900.0
KEPT, KEPT_CHARACTERS = 20_000, 32 * 1024 * 1024


@dataclass(slots=True)
class MaskVault:
    """`clock` gives seconds. Masks belong to the API key of the check: the client's id of a call is
    no secret. Both are kept as a hash, however long the id is."""

    clock: Callable[[], float] = time.monotonic
    _kept: OrderedDict[bytes, tuple[float, str]] = field(default_factory=OrderedDict, repr=False)
    _characters: int = 0

    def put(self, caller: Caller, call_id: str, sealed: str) -> None:
        """Keeps sealed masks under the id of a call, for `KEPT_S`; the oldest are dropped if there
        is no room."""
        if not sealed or not call_id:
            return
        key = _key(caller, call_id)
        self._drop(key)
        self._kept[key] = (self.clock() + KEPT_S, sealed)
        self._characters += len(sealed)
        while self._is_full() or self._oldest_is_over():
            self._drop(next(iter(self._kept)))

    def get(self, caller: Caller, call_id: str) -> str:
        """Empty if nothing is kept any more."""
        until, sealed = self._kept.get(_key(caller, call_id), (0.0, ""))
        return sealed if until > self.clock() else ""

    def _drop(self, key: bytes) -> None:
        _, sealed = self._kept.pop(key, (0.0, ""))
        self._characters -= len(sealed)

    def _is_full(self) -> bool:
        full = len(self._kept) > KEPT or self._characters > KEPT_CHARACTERS
        return full and len(self._kept) > 1

    def _oldest_is_over(self) -> bool:
        return next(iter(self._kept.values()))[0] <= self.clock()


def _key(caller: Caller, call_id: str) -> bytes:
    owner = f"{caller.tenant}\0{caller.key_id}\0{call_id}"
    return hashlib.blake2b(owner.encode("utf-8", "surrogatepass"), digest_size=16).digest()
