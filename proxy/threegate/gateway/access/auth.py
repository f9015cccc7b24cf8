"""API keys: shown once, stored as SHA-256 of 256 random bits, compared in constant time.

While no key exists, every caller is admitted; `parts` then lets the proxy listen on loopback only.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from threegate.durable_files import replace_file
from threegate.errors import RequestError
from threegate.i18n.messages import localized
from threegate.i18n.system import reason
from threegate.settings.errors import wrong
from threegate.types import Caller

log = logging.getLogger(__name__)
KEY_PREFIX = "tg-"
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
ONWARD = {"x-upstream-authorization": "authorization", "x-upstream-api-key": "x-api-key"}
"""Headers that carry a client's key for the model API when `authorization` holds the proxy's
own."""


@dataclass(frozen=True, slots=True)
class Key:
    """A stored key. `expires` is an ISO time or empty."""

    id: str
    tenant: str
    sha256: str
    created: str
    expires: str = ""
    revoked: bool = False


def presented_key(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")


def onward(headers: Mapping[str, str], caller: Caller) -> dict[str, str]:
    """Headers for the model API, without a key of this proxy."""
    if caller.key_id == Caller().key_id:
        return dict(headers)
    kept = {k: v for k, v in headers.items() if k not in ONWARD.values()}
    return kept | {name: headers[k] for k, name in ONWARD.items() if headers.get(k)}


def refuse_foreign_page(headers: Mapping[str, str], caller: Caller, cors: Sequence[str]) -> None:
    """Where no key is needed, a web page opened in a browser could call the proxy on the user's own
    machine. Raises RequestError 403 unless the settings name its origin."""
    named = "*" in cors or headers.get("origin", "") in cors
    if not named and caller.key_id == Caller().key_id and _is_foreign(headers):
        raise RequestError(localized("foreign-page"), status=403, code="cross_site")


def _is_foreign(headers: Mapping[str, str]) -> bool:
    """Browsers announce cross-site requests themselves, but not to a host without TLS that they do
    not recognise as this machine: a page whose host name was rebound to this machine would seem to
    call itself."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site not in ("none", "same-origin")
    return origin is not None and host_of(origin) not in LOOPBACK


def host_of(origin: str) -> str:
    """The host of an origin; empty for `null` and for anything that is not an origin."""
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""


def utc_time(text: str) -> datetime:
    """An ISO 8601 time, in UTC if it names no zone. Raises ValueError."""
    made = datetime.fromisoformat(text)
    return made if made.tzinfo else made.replace(tzinfo=UTC)


def over(expires: str) -> bool:
    """Whether a time has passed. One that cannot be parsed counts as passed."""
    if not expires:
        return False
    try:
        return datetime.now(UTC) >= utc_time(expires)
    except ValueError:
        return True


def digest_of(secret: str) -> str:
    """What is stored of a key's secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


TENANT = re.compile(r"[^\W_][\w.@:/+\-]{0,63}")
"""Names of tenants: words that mean the same in rules (where a last `*` is a pattern), in lists of
the command line, in metrics and in logs."""


def made(tenant: str, expires: str = "") -> tuple[Key, str]:
    """A new key to store, and its secret."""
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Key(f"key_{secrets.token_hex(4)}", tenant, digest_of(secret), now, expires), secret


def refused() -> RequestError:
    return RequestError(localized("key"), status=401, code="invalid_api_key")


class KeyFile:
    """The keys of a single machine, in a file that is read again when it changes. If it later
    disappears or is damaged, the keys that were read last stay valid, so that a damaged file never
    admits a caller without a key."""

    def __init__(self, path: Path, *, required: bool = False) -> None:
        self.path, self._required = path, required
        self._seen: tuple[int, int] | None = None
        self._keys: tuple[Key, ...] = ()
        self.tenants: frozenset[str] = frozenset()

    @property
    def keys(self) -> tuple[Key, ...]:
        """Raises SettingsError if the file was never readable."""
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return self._keys
        if (seen := (stat.st_mtime_ns, stat.st_size)) != self._seen:
            self._read(first=self._seen is None)
            self._seen = seen
        return self._keys

    def _read(self, *, first: bool) -> None:
        try:
            self._keys = tuple(Key(**k) for k in json.loads(self.path.read_text("utf-8")))
            self.tenants = frozenset(key.tenant for key in self._keys)
        except (OSError, ValueError, TypeError) as error:
            why = reason(error) if isinstance(error, OSError) else type(error).__name__
            if first:
                raise wrong("keys-file", where=self.path, why=why) from None
            log.warning("%s cannot be read (%s): the keys read last count", self.path, why)

    @property
    def open_to_all(self) -> bool:
        return not self._required and not self.keys

    async def admit(self, presented: str) -> Caller:
        """Raises RequestError 401 for a key that is missing, unknown, revoked or expired."""
        keys = self.keys
        if not keys and not self._required:
            return Caller()
        digest = digest_of(presented)
        for key in keys:
            alive = not key.revoked and not over(key.expires)
            if hmac.compare_digest(key.sha256, digest) and alive:
                return Caller(tenant=key.tenant, key_id=key.id)
        raise refused()

    def add(self, tenant: str, expires: str = "") -> tuple[Key, str]:
        """The stored key and its secret, which is shown only once."""
        key, secret = made(tenant, expires)
        self.store(key)
        return key, secret

    def store(self, key: Key) -> bool:
        self._write((*self.keys, key))
        return True

    def revoke(self, key_id: str) -> bool:
        found = any(k.id == key_id for k in self.keys)
        self._write(
            tuple(Key(**{**asdict(k), "revoked": k.revoked or k.id == key_id}) for k in self.keys)
        )
        return found

    def _write(self, keys: tuple[Key, ...]) -> None:
        stored = json.dumps([asdict(key) for key in keys], indent=1)
        replace_file(self.path, stored.encode(), mode=0o600)
