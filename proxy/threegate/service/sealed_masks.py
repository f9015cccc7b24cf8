"""Masked values between two checks, held by the caller: nothing is stored here.

The input stage returns the values it masked, encrypted; the output stage takes them back and
restores them. AES-256-GCM under a key derived from the secret of the masks, bound to the tenant:
no other tenant can open it, and it cannot be changed.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable
from functools import lru_cache

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from threegate.errors import RequestError
from threegate.guard.masking.mask import Masked
from threegate.i18n.messages import localized
from threegate.policy.model import Restoring
from threegate.random_pool import random_bytes

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
