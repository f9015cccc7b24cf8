"""Reads an ID token of OpenID Connect: signature, issuer, audience, times, nonce. Pure.

joserfc verifies signatures. Only asymmetric algorithms are accepted, each only with a key of its
type: neither `none` nor a public key used as a shared secret gets through.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry, extract_compact
from joserfc.jwt import decode

MAX_TOKEN = 64 * 1024
LEEWAY_S = 60
MIN_RSA_BITS = 2048
FOREVER = 1e15
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
UNREADABLE = (JoseError, ValueError, TypeError, KeyError, RecursionError)
KINDS: Mapping[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}

Json = Mapping[str, Any]


class TokenError(Exception):
    """The token cannot be trusted. The message says why and quotes nothing from it."""


class UnknownKey(TokenError):
    """Signed with an unknown key; the provider may have changed its keys."""


@dataclass(frozen=True, slots=True)
class Expected:
    issuer: str
    client_id: str
    nonce: str


def claims_of(token: str, keys: Sequence[Json], expected: Expected, now: float) -> Json:
    """The claims of a valid token. Raises TokenError."""
    if len(token) > MAX_TOKEN:
        raise TokenError("not a signed token")
    payload = _verified(token, keys)
    _check(payload, expected, now)
    return payload


class _Registry(JWSRegistry):
    max_header_length = MAX_TOKEN  # it may contain a certificate

    def get_alg(self, name: str) -> Any:
        """Our own registry, without the warning that `EdDSA` has a newer name."""
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


_REGISTRY = _Registry(strict_check_header=False)


def _verified(token: str, keys: Sequence[Json]) -> Json:
    """The claims, if one of the keys that the header may refer to has signed them. Raises
    TokenError."""
    try:
        header = extract_compact(token.encode(), registry=_REGISTRY).headers()
    except UNREADABLE:
        raise TokenError("not a signed token") from None
    named = [k for k in keys if "kid" not in header or k.get("kid") == header["kid"]]
    fitting = [k for k in named if k.get("use", "sig") == "sig"]
    if not fitting:
        raise UnknownKey("no such key")
    for jwk in fitting:
        if jwk.get("alg", header.get("alg")) == header.get("alg"):
            with suppress(*UNREADABLE):
                return decode(token, _key(jwk), registry=_REGISTRY).claims
    raise TokenError("the signature does not verify")


def _key(jwk: Json) -> Key:
    key: Key = KINDS[jwk["kty"]].import_key(dict(jwk))
    if isinstance(key, RSAKey) and key.public_key.key_size < MIN_RSA_BITS:
        raise ValueError("the key is too short")
    return key


def _check(claims: Json, expected: Expected, now: float) -> None:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != expected.issuer or expected.client_id not in audiences:
        raise TokenError("the token is for somebody else")
    if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != expected.client_id:
        raise TokenError("the token is for somebody else")
    if not _seconds(claims, "exp") > now - LEEWAY_S:
        raise TokenError("the token is too old")
    begins = _seconds(claims, "nbf") if "nbf" in claims else 0
    if max(_seconds(claims, "iat"), begins) > now + LEEWAY_S:
        raise TokenError("the token is from the future")
    nonce = claims.get("nonce")
    presented = nonce.encode(errors="replace") if isinstance(nonce, str) else b""
    if not hmac.compare_digest(presented, expected.nonce.encode()):
        raise TokenError("the token is not an answer to this log-in")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise TokenError("the token names no subject")


def _seconds(claims: Json, name: str) -> float:
    """A number, but never NaN, which compares as neither before nor after anything."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < FOREVER:
        raise TokenError(f"the token has no {name}")
    return value
