"""A custom number format as described in a form: the pattern, its edges and its check digits."""

from __future__ import annotations

from collections.abc import Mapping

from threegate.console.errors import refusal
from threegate.policy.language.patterns import Pattern, compile_pattern
from threegate.policy.language.vocabulary import VOCABULARY
from threegate.policy.model import CheckDigits


def schemes(language: str) -> dict[str, str]:
    """The schemes of check digits by name, in words."""
    return {each.value: VOCABULARY[CheckDigits][each].get(language) for each in CheckDigits}


def check_digits_of(form: Mapping[str, str]) -> dict[str, str]:
    """The scheme that a form names, as a key of a detector. Raises ConsoleError."""
    scheme = form.get("check_digits", "").strip()
    if scheme and scheme not in list(CheckDigits):
        raise refusal("check_digits")
    return {"check_digits": scheme} if scheme else {}


def pattern_of(form: Mapping[str, str]) -> Pattern:
    """The number format of a form. Raises ConsoleError, PatternError."""
    scheme = check_digits_of(form).get("check_digits")
    return compile_pattern(
        form.get("regex", "").strip(),
        edges=bool(form.get("edges")),
        check_digits=CheckDigits(scheme) if scheme else None,
    )
