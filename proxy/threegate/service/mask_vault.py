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
class TenantMasks:
    """What is kept for one tenant: when it is over, and the sealed masks, the oldest first."""

    calls: OrderedDict[bytes, tuple[float, str]] = field(default_factory=OrderedDict, repr=False)
    characters: int = 0

    @property
    def share(self) -> float:
        """Of what may be kept for all."""
        return max(len(self.calls) / KEPT, self.characters / KEPT_CHARACTERS)

    def put(self, key: bytes, until: float, sealed: str) -> None:
        self.drop(key)
        self.calls[key] = until, sealed
        self.characters += len(sealed)

    def drop(self, key: bytes) -> None:
        _, sealed = self.calls.pop(key, (0.0, ""))
        self.characters -= len(sealed)

    def drop_oldest(self) -> None:
        self.drop(next(iter(self.calls)))

    def oldest_is_over(self, now: float) -> bool:
        return bool(self.calls) and next(iter(self.calls.values()))[0] <= now


@dataclass(slots=True)
class MaskVault:
    """`clock` gives seconds. Masks belong to the API key of the check: the client's id of a call is
    no secret. Both are kept as a hash, however long the id is."""

    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, TenantMasks] = field(default_factory=dict, repr=False)

    def put(self, caller: Caller, call_id: str, sealed: str) -> None:
        """Keeps sealed masks under the id of a call, for `KEPT_S`. If there is no room, the oldest
        of the tenant that has most are dropped, so that none crowds out the others."""
        if not sealed or not call_id:
            return
        now = self.clock()
        own = self._kept.setdefault(caller.tenant, TenantMasks())
        own.put(_key(caller, call_id), now + KEPT_S, sealed)
        for masks in self._kept.values():
            while masks.oldest_is_over(now):
                masks.drop_oldest()
        while self._is_full():
            max(self._kept.values(), key=lambda masks: masks.share).drop_oldest()
        self._kept = {tenant: masks for tenant, masks in self._kept.items() if masks.calls}

    def get(self, caller: Caller, call_id: str) -> str:
        """Empty if nothing is kept any more."""
        own = self._kept.get(caller.tenant, TenantMasks())
        until, sealed = own.calls.get(_key(caller, call_id), (0.0, ""))
        return sealed if until > self.clock() else ""

    def _is_full(self) -> bool:
        calls = sum(len(masks.calls) for masks in self._kept.values())
        characters = sum(masks.characters for masks in self._kept.values())
        return calls > 1 and (calls > KEPT or characters > KEPT_CHARACTERS)


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
