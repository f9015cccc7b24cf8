from __future__ import annotations

import pytest
from threegate.service import mask_vault
from threegate.service.mask_vault import MaskVault


def test_what_is_kept_is_bounded_by_its_size_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mask_vault, "KEPT_CHARACTERS", 100)
    vault = MaskVault()
    for call in ("1", "2", "3"):
        vault.put("t", call, call * 40)
    assert [vault.get("t", call) for call in ("1", "2", "3")] == ["", "2" * 40, "3" * 40]


def test_a_call_that_is_kept_again_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mask_vault, "KEPT_CHARACTERS", 100)
    vault = MaskVault()
    vault.put("t", "other", "x" * 40)
    for sealed in ("a" * 40, "b" * 40, "c" * 40):
        vault.put("t", "1", sealed)
    assert vault.get("t", "1") == "c" * 40
    assert vault.get("t", "other") == "x" * 40


def test_what_is_kept_leaves_after_its_time() -> None:
    now = 0.0
    vault = MaskVault(clock=lambda: now)
    vault.put("t", "1", "old")
    now = mask_vault.KEPT_S
    assert vault.get("t", "1") == ""
    vault.put("t", "2", "new")
    assert list(vault._kept) == [("t", "2")]
