from __future__ import annotations

import asyncio
import threading

import pytest
from argon2 import PasswordHasher
from threegate.console.auth.passwords import (
    _NOBODY,
    AT_ONCE,
    IN_ALL,
    OF_ADDRESS,
    HashQueue,
    TooManyHashesError,
    fits,
    hash_of,
)

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


class Work:
    """Blocks until it is let go, and counts how many run at once."""

    def __init__(self) -> None:
        self.running = self.most = 0
        self.lock, self.go = threading.Lock(), threading.Event()

    def __call__(self, value: int) -> int:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.go.wait(10)
        with self.lock:
            self.running -= 1
        return value


async def test_a_few_run_at_once_and_all_are_answered() -> None:
    queue, work = HashQueue(), Work()
    asked = [asyncio.ensure_future(queue.run(f"10.0.0.{n}", work, n)) for n in range(12)]
    while work.running < AT_ONCE:
        await asyncio.sleep(0.001)
    work.go.set()
    assert await asyncio.gather(*asked) == list(range(12))
    assert work.most == AT_ONCE


async def test_one_address_cannot_fill_the_queue() -> None:
    queue, work = HashQueue(), Work()
    asked = [asyncio.ensure_future(queue.run("10.0.0.1", work, n)) for n in range(OF_ADDRESS)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyHashesError):
        await queue.run("10.0.0.1", work, 0)
    other = asyncio.ensure_future(queue.run("10.0.0.2", work, 9))
    work.go.set()
    assert await other == 9
    await asyncio.gather(*asked)
    assert await queue.run("10.0.0.1", work, 1) == 1


async def test_all_addresses_together_are_bounded() -> None:
    queue, work = HashQueue(), Work()
    asked = [asyncio.ensure_future(queue.run(str(n), work, n)) for n in range(IN_ALL)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyHashesError):
        await queue.run("one more", work, 0)
    work.go.set()
    await asyncio.gather(*asked)
    assert not queue._waiting
