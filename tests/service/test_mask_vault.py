from __future__ import annotations

import sys

import pytest
from threegate.service import mask_vault
from threegate.service.mask_vault import MaskVault
from threegate.types import Caller

CALLER = Caller("t", "k")


def test_what_is_kept_is_bounded_by_its_size_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mask_vault, "KEPT_CHARACTERS", 100)
    vault = MaskVault()
    for call in ("1", "2", "3"):
        vault.put(CALLER, call, call * 40)
    assert [vault.get(CALLER, call) for call in ("1", "2", "3")] == ["", "2" * 40, "3" * 40]


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
    assert len(vault._kept) == 1


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
    assert sum(map(sys.getsizeof, vault._kept)) < 200
