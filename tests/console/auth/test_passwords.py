from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from threegate.console.auth.passwords import _NOBODY, fits, hash_of

GOOD = "a long enough passphrase"


def test_only_the_password_itself_fits() -> None:
    stored = hash_of(GOOD)
    assert GOOD not in stored
    assert stored != hash_of(GOOD)  # salted
    assert fits(stored, GOOD)
    assert not fits(stored, GOOD + " ")


@pytest.mark.parametrize("stored", ["", "plain", _NOBODY])
def test_nothing_fits_what_is_no_hash_or_nobodys(stored: str) -> None:
    """A guest of single sign-on has no password."""
    for password in ("", "plain", GOOD):
        assert not fits(stored, password)


def test_an_unknown_name_takes_as_long_as_a_wrong_password() -> None:
    """The hash that is compared then has the parameters of all others."""
    assert _NOBODY.rsplit("$", 2)[0] == PasswordHasher().hash(GOOD).rsplit("$", 2)[0]
