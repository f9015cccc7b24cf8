"""Signed cookies, short-lived tickets, and how often a password may be guessed.

A session cookie names an account and its epoch, signed with a key of this installation. It contains
nothing secret; permissions are looked up at every request.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from itsdangerous import BadData, URLSafeTimedSerializer

COOKIE = "threegate_session"
SESSION, SSO_SESSION = "session", "sso-session"
"""What the cookie is signed for: a log-in by password, or at a provider."""
SESSION_S = 12 * 3600
BROWSER_COOKIE = "threegate_browser"
"""States that an account has been used in this browser. It grants nothing, but attempts from here
are counted separately from those of everybody behind the same address."""
YEAR_S = 365 * 24 * 3600
SSO_COOKIE = "threegate_sso"
SSO_S = 600
"""How long a person may take on the provider's pages."""
REVEAL_S = 600
"""How long one revealed record shows its original."""
SITTING_COOKIE = "threegate_sitting"
SITTING_S = 3600
"""How long a reviewer's reason applies to further records; each reveal is recorded separately."""


@dataclass(frozen=True, slots=True)
class Signer:
    """One key, separated by purpose. `secret` is the installation's."""

    secret: bytes = field(repr=False)

    def _of(self, purpose: str) -> URLSafeTimedSerializer:
        key = hmac.new(self.secret, b"console", hashlib.sha256).digest()
        return URLSafeTimedSerializer(
            key, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256}
        )

    def sign(self, purpose: str, *values: str | int) -> str:
        return self._of(purpose).dumps(list(values))

    def read(self, purpose: str, token: str, max_age_s: int) -> list[str | int] | None:
        """The signed values, or None if the token is not ours or too old."""
        try:
            values = self._of(purpose).loads(token, max_age=max_age_s)
        except BadData:
            return None
        return values if isinstance(values, list) else None

    def sign_browser(self, name: str) -> str:
        """A token that an account has been used in a browser; the account is not named."""
        return self.sign(f"browser {name}", secrets.token_urlsafe(12))

    def read_browser(self, name: str, token: str) -> str:
        """The browser, if this account has been used in it; else empty."""
        values = self.read(f"browser {name}", token, YEAR_S)
        return str(values[0]) if values else ""


MAX_FAILURES = 5
MAX_OF_ADDRESS = 50
"""Higher, because an office shares one address."""
WINDOW_S = 900.0
MAX_KEYS = 10_000


@dataclass(slots=True)
class Throttle:
    """Log-in attempts per key (an account from an address, an address, a known browser). An attempt
    counts before its password is checked, so that parallel attempts are limited too; a correct
    password cancels it. Too many within a quarter of an hour are refused until the oldest is that
    old. Per process."""

    clock: Callable[[], float] = time.monotonic
    _attempts: OrderedDict[str, list[float]] = field(default_factory=OrderedDict)

    def attempt(self, key: str, most: int = MAX_FAILURES) -> bool:
        """Counts one attempt. False if there were too many."""
        recent = self._recent(key)
        if len(recent) >= most:
            return False
        self._attempts[key] = [*recent, self.clock()]
        self._attempts.move_to_end(key)
        while len(self._attempts) > MAX_KEYS:
            self._attempts.popitem(last=False)
        return True

    def take_back(self, key: str) -> None:
        """Cancels the last attempt, which was not a guess."""
        if times := self._attempts.get(key):
            times.pop()

    def forget(self, key: str) -> None:
        self._attempts.pop(key, None)

    def _recent(self, key: str) -> list[float]:
        since = self.clock() - WINDOW_S
        return [t for t in self._attempts.get(key, ()) if t > since][-MAX_OF_ADDRESS:]
