"""Masked values between two checks: sealed, and kept here only for clients that cannot carry them.

The input stage returns the values it masked, encrypted; the output stage takes them back and
restores them. AES-256-GCM under a key derived from the secret of the masks, bound to the tenant: no
other tenant can open it, and it cannot be changed. For clients that cannot carry them, such as
LiteLLM's hooks, they are kept per process, bounded, for `KEPT_S` seconds, and sealed, so memory
holds no plain value. A check that reaches another worker finds nothing, and its placeholders stay
as they are.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from threegate.errors import RequestError
from threegate.guard.masking.mask import Masked
from threegate.i18n.messages import localized
from threegate.policy.model import Restoring
from threegate.random_pool import random_bytes
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


NONCE_BYTES = 12
VERSION = "m1."


def seal(secret: bytes, tenant: str, conversation: str, masks: Iterable[Masked]) -> str:
    """Printable; empty if there is nothing to restore."""
    kept = [_as_json(m) for m in masks if m.restore and m.value]
    if not kept:
        return ""
    nonce = random_bytes(NONCE_BYTES)
    data = orjson.dumps({"conversation": conversation, "masks": kept})
    sealed = _cipher(secret).encrypt(nonce, data, tenant.encode())
    return VERSION + base64.urlsafe_b64encode(nonce + sealed).decode()


def unseal(secret: bytes, tenant: str, sealed: str) -> tuple[str, tuple[Masked, ...]]:
    """The conversation and its masked values. Raises RequestError for anything that `seal` did not
    create for this tenant."""
    try:
        raw = base64.b64decode(sealed.removeprefix(VERSION), altchars=b"-_", validate=True)
        data = _cipher(secret).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], tenant.encode())
    except (InvalidTag, binascii.Error, ValueError):
        raise RequestError(localized("masks"), code="invalid_masks", param="/masks") from None
    opened = orjson.loads(data)
    return opened["conversation"], tuple(_masked(*each) for each in opened["masks"])


def _as_json(masked: Masked) -> tuple[object, ...]:
    assert masked.restore is not None
    restore = masked.restore
    restoring = (restore.tools, restore.hosts, restore.files)
    return masked.placeholder, masked.bare, masked.kind, masked.value, masked.synthetic, restoring


def _masked(
    placeholder: str,
    bare: str,
    kind: str,
    value: str,
    synthetic: bool,
    restoring: tuple[list[str] | None, list[str], list[str]],
) -> Masked:
    tools, *others = restoring
    restore = Restoring(None if tools is None else tuple(tools), *map(tuple, others))
    return Masked(placeholder, bare, kind, restore, value, synthetic)


@lru_cache(maxsize=8)
def _cipher(secret: bytes) -> AESGCM:
    return AESGCM(hmac.digest(secret, b"threegate sealed masks", "sha256"))
