from __future__ import annotations

import pytest
from threegate.detectors.pii_intl.crypto_wallet import base58_checked


@pytest.mark.parametrize(
    ("word", "fits"),
    [
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", True),
        ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", True),
        ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", True),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", False),
        ("1" * 26, False),
        ("z" * 35, False),
    ],
)
def test_base58check(word: str, fits: bool) -> None:
    assert base58_checked(word) is fits
