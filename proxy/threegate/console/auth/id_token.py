"""Reads an ID token of OpenID Connect: signature, issuer, audience, times, nonce. Pure.

Only asymmetric algorithms, and each only with a key of its kind: neither `none` nor a public
key taken for a shared secret gets through.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

MAX_TOKEN = 64 * 1024
LEEWAY_S = 60
MIN_RSA_BITS = 2048

Key = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | Ed25519PublicKey
Json = Mapping[str, Any]


class TokenError(Exception):
    """The token is not to be trusted. The message says why and quotes nothing of it."""


class UnknownKey(TokenError):
    """Signed with a key that is not in the set: the provider may have changed its keys."""


@dataclass(frozen=True, slots=True)
class Expected:
    issuer: str
    client_id: str
    nonce: str


def claims_of(token: str, keys: Sequence[Json], expected: Expected, now: float) -> Json:
    """The claims of a valid token. Raises TokenError."""
    if len(token) > MAX_TOKEN or token.count(".") != 2:
        raise TokenError("not a signed token")
    signed, _, signature = token.rpartition(".")
    header, payload = (_json(part) for part in signed.split("."))
    _verify(header, keys, signed.encode(), _bytes(signature))
    _check(payload, expected, now)
    return payload


def _verify(header: Json, keys: Sequence[Json], signed: bytes, signature: bytes) -> None:
    if "crit" in header:
        raise TokenError("a header that must be understood is not")
    named = [k for k in keys if "kid" not in header or k.get("kid") == header["kid"]]
    fitting = [k for k in named if k.get("use", "sig") == "sig"]
    if not fitting:
        raise UnknownKey("no such key")
    algorithm = header.get("alg")
    if not any(_fits(algorithm, key, signed, signature) for key in fitting):
        raise TokenError("the signature does not verify")


def _fits(algorithm: object, jwk: Json, signed: bytes, signature: bytes) -> bool:
    if jwk.get("alg", algorithm) != algorithm:
        return False
    try:
        _verify_with(algorithm, _key(jwk), signed, signature)
    except (InvalidSignature, ValueError, TypeError, KeyError):
        return False
    return True


def _verify_with(algorithm: object, key: Key, signed: bytes, signature: bytes) -> None:
    """Raises InvalidSignature, or ValueError for a pair that does not belong together."""
    digest = hashes.SHA256()
    match algorithm, key:
        case "RS256", rsa.RSAPublicKey():
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        case "PS256", rsa.RSAPublicKey():
            key.verify(signature, signed, padding.PSS(padding.MGF1(digest), 32), digest)
        case "ES256", ec.EllipticCurvePublicKey() if len(signature) == 64:
            r, s = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
            key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(digest))
        case "EdDSA", Ed25519PublicKey():
            key.verify(signature, signed)
        case _:
            raise ValueError("the algorithm is not allowed with this key")


def _key(jwk: Json) -> Key:
    match jwk.get("kty"), jwk.get("crv"):
        case "RSA", _:
            n, e = (int.from_bytes(_bytes(jwk[part])) for part in ("n", "e"))
            if n.bit_length() < MIN_RSA_BITS:
                raise ValueError("the key is too short")
            return rsa.RSAPublicNumbers(e, n).public_key()
        case "EC", "P-256":
            x, y = (int.from_bytes(_bytes(jwk[part])) for part in ("x", "y"))
            return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        case "OKP", "Ed25519":
            return Ed25519PublicKey.from_public_bytes(_bytes(jwk["x"]))
    raise ValueError("a key of another kind")


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
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce, expected.nonce):
        raise TokenError("the token is not an answer to this log-in")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise TokenError("the token names no subject")


def _seconds(claims: Json, name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenError(f"the token has no {name}")
    return value


def _json(part: str) -> Json:
    try:
        value = orjson.loads(_bytes(part))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise TokenError("not a signed token")
    return value


def _bytes(text: Any) -> bytes:
    """Base64url without padding. Raises TokenError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise TokenError("not base64") from None
