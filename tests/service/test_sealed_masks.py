from __future__ import annotations

import base64

import pytest
from threegate.errors import RequestError
from threegate.guard.masking.mask import MaskMap
from threegate.policy.model import Restoring
from threegate.service.sealed_masks import VERSION, seal, unseal

SECRET = b"s" * 32


def masks() -> MaskMap:
    made = MaskMap(b"k" * 32)
    made.mask("pii.cn.mobile", "13812345678")
    made.mask(
        "pii.iban",
        "DE89370400440532013000",
        restore=Restoring(("pay",), ("example.com",), ("write",)),
    )
    made.mask("pii.email", "a@example.com", restore=None)
    return made


def test_what_may_be_restored_comes_back_and_cannot_be_read() -> None:
    made = masks()
    sealed = seal(SECRET, "t", "c", made.entries())
    assert b"138" not in base64.urlsafe_b64decode(sealed.removeprefix(VERSION))
    conversation, back = unseal(SECRET, "t", sealed)
    assert conversation == "c"
    assert back == tuple(m for m in made.entries() if m.restore)
    again = MaskMap(b"k" * 32)
    again.adopt(back[0])
    assert again.mask("pii.cn.mobile", "13812345678") == back[0].placeholder


def test_nothing_to_restore_is_nothing() -> None:
    assert seal(SECRET, "t", "c", MaskMap(b"k").entries()) == ""


def test_it_is_of_one_tenant_one_secret_and_unchanged() -> None:
    sealed = seal(SECRET, "t", "c", masks().entries())
    flipped = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]
    for secret, tenant, given in (
        (SECRET, "u", sealed),
        (b"x" * 32, "t", sealed),
        (SECRET, "t", flipped),
        (SECRET, "t", sealed[:-4]),
        (SECRET, "t", "m1."),
        (SECRET, "t", "m1.é"),
    ):
        with pytest.raises(RequestError) as caught:
            unseal(secret, tenant, given)
        assert caught.value.code == "invalid_masks"
