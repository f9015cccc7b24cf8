"""Passwords, kept as argon2id hashes."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

MIN_PASSWORD = 12
_HASHER = PasswordHasher()
# Checked if there is no such account, so that an unknown name takes as long as a wrong password.
_NOBODY = f"$argon2id$v=19$m=65536,t=3,p=4${'A' * 22}${'A' * 43}"


def hash_of(password: str) -> str:
    return _HASHER.hash(password)


def fits(stored: str, password: str) -> bool:
    """Whether a password matches a stored hash; nothing matches an empty one."""
    try:
        return _HASHER.verify(stored or _NOBODY, password) and bool(stored)
    except (Argon2Error, InvalidHashError):
        return False
