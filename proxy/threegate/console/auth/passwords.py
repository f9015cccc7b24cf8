"""Passwords, kept as argon2id hashes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

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


AT_ONCE = 2
OF_ADDRESS = 4
"""Running and waiting hashes of one address; people send one, so others keep their place."""
IN_ALL = 64

Result = TypeVar("Result")


class TooManyHashesError(Exception):
    """This address, or all addresses together, have too many log-ins in progress."""


@dataclass(slots=True)
class HashQueue:
    """Runs blocking work in two dedicated threads, in the order of arrival. One event loop.

    A hash takes 64 MiB and tens of milliseconds on purpose. Without a limit, parallel log-ins by
    somebody without an account would use up the machine's memory and every thread that pages
    need."""

    _waiting: Counter[str] = field(default_factory=Counter)
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")
    )

    async def run(self, address: str, work: Callable[..., Result], *args: object) -> Result:
        """The result of `work(*args)`. Raises TooManyHashesError before anything is hashed."""
        if self._waiting[address] >= OF_ADDRESS or self._waiting.total() >= IN_ALL:
            raise TooManyHashesError
        self._waiting[address] += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, *args)
        finally:
            self._waiting[address] -= 1
            self._waiting += Counter()  # addresses with nothing in progress are forgotten
