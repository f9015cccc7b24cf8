"""Which ends are worth a warning: keys that callers use, certificates of the settings' files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from threegate.gateway.access.auth import Key
from threegate.gateway.telemetry.expiry import Ending, ending_certificates, ending_keys, near
from threegate.settings import Settings, UpstreamSettings

NOW = datetime.now(UTC).replace(microsecond=0)


def key(tenant: str, days: int | None, *, made: int = -300, revoked: bool = False) -> Key:
    expires = "" if days is None else (NOW + timedelta(days=days)).isoformat()
    created = (NOW + timedelta(days=made)).isoformat()
    return Key(f"key_{tenant}", tenant, "", created, expires, revoked)


def certificate(days: int) -> bytes:
    """PEM of one that ends so many days from now."""
    own, name = Ed25519PrivateKey.generate(), x509.Name([])
    made = x509.CertificateBuilder(name, name, own.public_key(), x509.random_serial_number())
    made = made.not_valid_before(NOW - timedelta(days=400))
    signed = made.not_valid_after(NOW + timedelta(days=days)).sign(own, None)
    return signed.public_bytes(serialization.Encoding.PEM)


def test_the_next_end_of_each_tenants_keys() -> None:
    keys = [
        *(key("a", 20), key("a", 9), key("a", None)),
        *(key("b", 5, revoked=True), key("b", -1), key("b", None)),
        key("short", 5, made=-2),
        replace(key("by hand", 3), created="yesterday"),
    ]
    found = {e.name: (e.what, e.at) for e in ending_keys(keys)}
    assert found == {
        "a": ("api_key", NOW + timedelta(days=9)),
        "by hand": ("api_key", NOW + timedelta(days=3)),
    }


def test_what_ends_soon_comes_first_and_the_rest_not_at_all() -> None:
    ends = [Ending("api_key", str(n), NOW + timedelta(days=n)) for n in (29, 400, -2, 13)]
    assert [e.name for e in near(ends)] == ["-2", "13", "29"]
    assert Ending("api_key", "a", NOW - timedelta(hours=1)).days < 0


def test_certificates_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "chain.pem").write_bytes(certificate(90) + certificate(12))
    (tmp_path / "roots.pem").write_bytes(certificate(-5) + certificate(700))
    (tmp_path / "broken.pem").write_text("no certificate")
    upstream = UpstreamSettings("https://m", name="m", tls_cert=str(tmp_path / "chain.pem"))
    settings = Settings(
        upstreams=(upstream,),
        ext_proc_cert=str(tmp_path / "broken.pem"),
        ext_proc_client_ca=str(tmp_path / "missing.pem"),
        audit_syslog_ca=str(tmp_path / "roots.pem"),
        audit_url=f"postgresql://db/log?sslmode=verify-full&sslrootcert={tmp_path}/roots.pem",
    )
    assert {(e.what, e.name, (e.at - NOW).days) for e in ending_certificates(settings)} == {
        ("certificate", "upstream m tls_cert", 12),
        ("certificate", "audit_syslog_ca", 700),
        ("certificate", "audit_url sslrootcert", 700),
    }
