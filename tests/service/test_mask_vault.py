from __future__ import annotations

import base64
import sys

import pytest
from threegate.errors import RequestError
from threegate.guard.masking.mask import MaskMap
from threegate.policy.model import Restoring
from threegate.service import mask_vault
from threegate.service.mask_vault import VERSION, MaskVault, seal, unseal
from threegate.types import Caller

CALLER = Caller("t", "k")


def test_what_is_kept_is_bounded_by_its_size_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mask_vault, "KEPT_CHARACTERS", 100)
    vault = MaskVault()
    for call in ("1", "2", "3"):
        vault.put(CALLER, call, call * 40)
    assert [vault.get(CALLER, call) for call in ("1", "2", "3")] == ["", "2" * 40, "3" * 40]


def test_no_tenant_crowds_out_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mask_vault, "KEPT_CHARACTERS", 100)
    vault = MaskVault()
    vault.put(Caller(tenant="small"), "1", "s" * 20)
    for number in range(9):
        vault.put(Caller(tenant="large"), str(number), "x" * 30)
    assert vault.get(Caller(tenant="small"), "1") == "s" * 20
    assert [bool(vault.get(Caller(tenant="large"), str(n))) for n in (6, 7, 8)] == [
        False,
        True,
        True,
    ]


def test_a_call_that_is_kept_again_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mask_vault, "KEPT_CHARACTERS", 100)
    vault = MaskVault()
    vault.put(CALLER, "other", "x" * 40)
    for sealed in ("a" * 40, "b" * 40, "c" * 40):
        vault.put(CALLER, "1", sealed)
    assert vault.get(CALLER, "1") == "c" * 40
    assert vault.get(CALLER, "other") == "x" * 40


def test_what_is_kept_leaves_after_its_time() -> None:
    now = 0.0
    vault = MaskVault(clock=lambda: now)
    vault.put(CALLER, "1", "old")
    now = mask_vault.KEPT_S
    assert vault.get(CALLER, "1") == ""
    vault.put(CALLER, "2", "new")
    assert sum(len(masks.calls) for masks in vault._kept.values()) == 1


def test_masks_are_of_one_key_whoever_knows_the_id() -> None:
    vault = MaskVault()
    vault.put(CALLER, "1", "own")
    for other in (Caller("t", "l"), Caller("u", "k"), Caller("t", "k\0"), Caller("t\0k", "")):
        assert vault.get(other, "1") == ""
    assert vault.get(CALLER, "1") == "own"


def test_a_long_id_takes_no_more_memory_than_a_short_one() -> None:
    """It did not count: 20,000 ids of some megabytes each were kept."""
    vault = MaskVault()
    vault.put(CALLER, "x" * 100_000, "sealed")
    assert vault.get(CALLER, "x" * 100_000) == "sealed"
    assert sum(sys.getsizeof(key) for masks in vault._kept.values() for key in masks.calls) < 200


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
