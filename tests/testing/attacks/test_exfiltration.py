"""The exfiltration suite's data; it is run by `tests/cli/test_attack.py` and, through the proxy and
in streams, by `tests/security/test_exfiltration.py`."""

from __future__ import annotations

from threegate.testing.attacks.exfiltration import exfiltration, filled


def test_every_answer_has_a_place_for_the_value() -> None:
    suite = exfiltration()
    answers = [*suite.addresses.values(), *suite.harmless.values()]
    assert all("<M>" in answer or "<B>" in answer for answer in answers)


def test_a_placeholder_goes_in_with_and_without_brackets() -> None:
    assert filled("<M> and <B>", "[MOBILE_AB]") == "[MOBILE_AB] and MOBILE_AB"
