"""An ID token gets in only whole, fresh, for us, and signed with a key of its own kind."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st
from threegate.console.auth.id_token import Expected, TokenError, UnknownKey, claims_of

from tests.console.provider import b64, jwk_of, rsa_key, signed

NOW = 1_800_000_000.0
KEY, OTHER = rsa_key(), rsa_key()
KEYS = (jwk_of(KEY, "k1"),)
EXPECTED = Expected("https://id.example", "threegate", "n1")
GOOD: dict[str, Any] = {
    "iss": "https://id.example",
    "aud": "threegate",
    "sub": "u-17",
    "nonce": "n1",
    "iat": NOW,
    "exp": NOW + 300,
}


def read(token: str, keys: Any = KEYS) -> Any:
    return claims_of(token, keys, EXPECTED, NOW)


def by_hand(header: dict[str, Any], sign: Any) -> str:
    text = ".".join(b64(json.dumps(part).encode()) for part in (header, GOOD))
    return f"{text}.{b64(sign(text.encode()))}"


def test_a_good_token() -> None:
    assert read(signed(GOOD, KEY)) == GOOD
    several = GOOD | {"aud": ["threegate", "other"], "azp": "threegate"}
    assert read(signed(several, KEY))["sub"] == "u-17"


def test_other_algorithms() -> None:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    key = {k: v for k, v in KEYS[0].items() if k != "alg"}
    token = by_hand({"alg": "PS256", "kid": "k1"}, lambda t: KEY.sign(t, pss, hashes.SHA256()))
    assert read(token, [key]) == GOOD

    curve = ec.generate_private_key(ec.SECP256R1())
    point = curve.public_key().public_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": b64(point.x.to_bytes(32)),
        "y": b64(point.y.to_bytes(32)),
    }

    def es256(text: bytes) -> bytes:
        r, s = decode_dss_signature(curve.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    assert read(by_hand({"alg": "ES256"}, es256), [jwk]) == GOOD
    edwards = Ed25519PrivateKey.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(edwards.public_key().public_bytes_raw())}
    assert read(by_hand({"alg": "EdDSA"}, edwards.sign), [jwk]) == GOOD


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": "other"},
        {"aud": ["threegate", "other"]},
        {"aud": None},
        {"exp": NOW - 61},
        {"exp": "soon"},
        {"exp": True},
        {"exp": math.inf},
        {"iat": NOW + 61},
        {"iat": math.nan},
        {"nbf": NOW + 61},
        {"azp": "another"},
        {"nonce": "n2"},
        {"nonce": "né"},
        {"nonce": None},
        {"sub": ""},
        {"sub": 7},
    ],
)
def test_claims_that_do_not_fit(changes: dict[str, Any]) -> None:
    with pytest.raises(TokenError):
        read(signed(GOOD | changes, KEY))


def confused() -> str:
    """HMAC with the public key as its secret: what a careless reader takes for RS256."""
    secret = json.dumps(KEYS[0]).encode()
    sign = lambda text: hmac.new(secret, text, hashlib.sha256).digest()  # noqa: E731
    return by_hand({"alg": "HS256", "kid": "k1"}, sign)


ATTACKS = {
    "none": by_hand({"alg": "none"}, lambda _: b""),
    "no algorithm": by_hand({"kid": "k1"}, lambda _: b"x" * 256),
    "hmac": confused(),
    "another key": signed(GOOD, OTHER),
    "other algorithm than the key's": signed(GOOD, KEY, alg="PS256"),
    "crit": signed(GOOD, KEY, crit=["exp"]),
    "embedded key": signed(GOOD, OTHER, jwk=jwk_of(OTHER, "k1")),
    "two parts": signed(GOOD, KEY).rpartition(".")[0],
    "no base64": "*.*.*",
    "lists": ".".join(b64(b"[]") for _ in range(3)),
    "deep": b64(b"[" * 40_000) + ".e30.AA",
    "endless": "a." + "b" * 70_000 + ".c",
}


@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_attacks(attack: str) -> None:
    with pytest.raises(TokenError):
        read(ATTACKS[attack])


def test_a_key_that_is_not_there_is_told_apart() -> None:
    with pytest.raises(UnknownKey):
        read(signed(GOOD, KEY, kid="k2"))
    with pytest.raises(UnknownKey):
        read(signed(GOOD, KEY), [KEYS[0] | {"use": "enc"}])


@pytest.mark.parametrize(
    "jwk", [{"kty": "oct", "k": "eA"}, {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, {}]
)
def test_keys_that_are_none(jwk: dict[str, str]) -> None:
    with pytest.raises(TokenError):
        read(signed(GOOD, KEY), [{"kid": "k1"} | jwk])


@given(st.integers(0, 2_000), st.characters())
def test_one_changed_character_is_refused(place: int, character: str) -> None:
    token = signed(GOOD, KEY)
    place %= len(token)
    changed = token[:place] + character + token[place + 1 :]
    try:
        assert read(changed) == GOOD  # base64 has spare bits at the end of a part
    except TokenError:
        return
