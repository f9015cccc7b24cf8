"""No form of address gets a value."""

from __future__ import annotations

import pytest
from threegate.testing.attacks.exfiltration import exfiltration, filled

from tests.guard.restoring import made, restored, streamed

MASK, BACK = made("VALUE")
EXFILTRATION = exfiltration()


@pytest.mark.parametrize("name", EXFILTRATION.addresses)
def test_nothing_comes_back_in_an_address(name: str) -> None:
    text = filled(EXFILTRATION.addresses[name], MASK)
    assert restored(BACK, text) == text
    assert restored(BACK, f"{text}>)\"'\n\n{MASK}").count("VALUE") <= 1
    assert streamed(BACK, text, list(range(1, len(text) + 1))) == text


@pytest.mark.parametrize("name", EXFILTRATION.harmless)
def test_values_come_back_outside_addresses(name: str) -> None:
    text = filled(EXFILTRATION.harmless[name], MASK)
    assert restored(BACK, text) == text.replace(MASK, "VALUE")
