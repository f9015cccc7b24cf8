"""Log-in at a company's OpenID Connect provider: authorization code with PKCE.

The provider says who a person is and in which groups; the settings map groups to roles.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import orjson

from threegate.console.auth.accounts import SsoIdentity
from threegate.console.auth.id_token import Expected, TokenError, UnknownKey, claims_of
from threegate.policy.lifecycle.people import Role
from threegate.settings import OidcSettings
from threegate.trust import trusted

CALLBACK = "/login/sso/callback"
TIMEOUT_S = 10.0
FRESH_S = 3600.0
AGAIN_S = 60.0
MAX_ANSWER = 1 << 20
MAX_SUBJECT = 255
"""The most characters of `sub` in OpenID Connect."""
MAX_TEAM = 64


class OidcError(Exception):
    """The log-in failed; the message quotes nothing from tokens or answers."""


@dataclass(frozen=True, slots=True)
class Started:
    """What the browser keeps, signed, until it returns, and the address to which it goes."""

    state: str
    nonce: str
    verifier: str
    url: str = ""


@dataclass(slots=True)
class Provider:
    """One provider. Its addresses and keys are read on first use, again after an hour, and when a
    token names an unknown key."""

    settings: OidcSettings
    secret: str = field(default="", repr=False)
    _about: Mapping[str, Any] = field(default_factory=dict)
    _keys: tuple[Mapping[str, Any], ...] = ()
    _read: float = float("-inf")
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @property
    def redirect(self) -> str:
        return self.settings.url.rstrip("/") + CALLBACK

    async def start(self) -> Started:
        """Raises OidcError."""
        await self._fresh(FRESH_S)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        digest = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.redirect,
            "scope": self.settings.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        url = self._address("authorization_endpoint")
        joint = "&" if urlsplit(url).query else "?"
        return Started(state, nonce, verifier, f"{url}{joint}{urlencode(query)}")

    async def finish(self, code: str, started: Started) -> SsoIdentity:
        """The person who returned with this code. Raises OidcError."""
        await self._fresh(FRESH_S)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect,
            "client_id": self.settings.client_id,
            "code_verifier": started.verifier,
        }
        auth = (self.settings.client_id, self.secret) if self.secret else None
        answer = await self._json("POST", self._address("token_endpoint"), data=form, auth=auth)
        return guest_of(await self._claims(answer.get("id_token"), started), self.settings)

    async def _claims(self, token: object, started: Started) -> Mapping[str, Any]:
        expected = Expected(self.settings.issuer, self.settings.client_id, started.nonce)
        if not isinstance(token, str):
            raise OidcError("the provider sent no ID token")
        try:
            try:
                return claims_of(token, self._keys, expected, time.time())
            except UnknownKey:
                await self._fresh(AGAIN_S)
                return claims_of(token, self._keys, expected, time.time())
        except TokenError as error:
            raise OidcError(str(error)) from None

    async def _fresh(self, seconds: float) -> None:
        async with self._lock:
            if time.monotonic() - self._read < seconds:
                return
            issuer = self.settings.issuer
            where = issuer.rstrip("/") + "/.well-known/openid-configuration"
            about = await self._json("GET", where)
            if about.get("issuer") != issuer:
                raise OidcError("the provider names another issuer")
            self._about = about
            keys = (await self._json("GET", self._address("jwks_uri"))).get("keys")
            self._keys = tuple(k for k in keys or () if isinstance(k, dict))
            self._read = time.monotonic()

    def _address(self, name: str) -> str:
        """Requires TLS, unless the issuer itself is on this machine."""
        url = str(self._about.get(name, ""))
        if urlsplit(url).scheme != urlsplit(self.settings.issuer).scheme:
            raise OidcError("the provider names an address that is not to be trusted")
        return url

    async def _json(self, method: str, url: str, **more: Any) -> Mapping[str, Any]:
        client = httpx.AsyncClient(verify=trusted(), timeout=TIMEOUT_S, trust_env=False)
        try:  # also limits each read, so that a provider that never stops sending is not waited for
            async with (
                asyncio.timeout(TIMEOUT_S),
                client,
                client.stream(method, url, **more) as reply,
            ):
                body = b""
                async for chunk in reply.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER:
                        raise OidcError("the provider's answer is too long")
        except (httpx.HTTPError, TimeoutError) as error:
            raise OidcError(
                f"the provider cannot be reached: {error or type(error).__name__}"
            ) from None
        if reply.status_code != 200:
            raise OidcError(f"the provider answers with status {reply.status_code}")
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError:
            value = None
        if not isinstance(value, dict):
            raise OidcError("the provider does not answer as it should")
        return value


def guest_of(claims: Mapping[str, Any], settings: OidcSettings) -> SsoIdentity:
    """The person, perhaps without any role here. Raises OidcError."""
    listed = claims.get(settings.roles_claim, ())
    groups = [listed] if isinstance(listed, str) else listed if isinstance(listed, list) else []
    words = {word for group in groups for word in settings.roles.get(str(group), "").split(",")}
    roles = frozenset(role for role in Role if role.value in {w.strip() for w in words})
    subject = claims["sub"]
    if len(subject) > MAX_SUBJECT or not subject.isprintable():  # PostgreSQL stores no NUL
        raise OidcError("the provider names somebody in a way that cannot be kept")
    name = claims.get(settings.name_claim) or subject
    return SsoIdentity(f"{settings.issuer} {subject}", str(name), roles, _team(claims, settings))


def _team(claims: Mapping[str, Any], settings: OidcSettings) -> str:
    """Empty where the claim is no single text: a list may name the same group in another way."""
    team = claims.get(settings.team_claim)
    return team[:MAX_TEAM] if isinstance(team, str) and team[:MAX_TEAM].isprintable() else ""
