"""Expiry of what nobody watches: callers' API keys and certificates in use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from sqlalchemy import make_url

from threegate.gateway.access.auth import Key, over, utc_time
from threegate.settings import Settings
from threegate.types import frozen

NEAR = timedelta(days=30)
"""What expires later than this is not mentioned."""
WARNING = timedelta(days=14)
LASTING = timedelta(days=30)
"""A key created for a shorter time is meant to expire."""


@frozen
class Ending:
    """`what` is api_key or certificate, `name` the tenant or the setting that names the file."""

    what: str
    name: str
    at: datetime

    @property
    def days(self) -> int:
        """Whole days left; negative if it has expired."""
        return (self.at - datetime.now(UTC)).days


def near(endings: Iterable[Ending]) -> tuple[Ending, ...]:
    """Those that expire soon, soonest first."""
    until = datetime.now(UTC) + NEAR
    return tuple(sorted((e for e in endings if e.at < until), key=lambda e: e.at))


def ending_keys(keys: Iterable[Key]) -> Iterator[Ending]:
    """The next expiry among each tenant's keys."""
    first: dict[str, datetime] = {}
    for key in keys:
        if key.expires and not key.revoked and not over(key.expires) and _lasting(key):
            at = utc_time(key.expires)
            first[key.tenant] = min(at, first.get(key.tenant, at))
    for tenant, at in first.items():
        yield Ending("api_key", tenant, at)


def _lasting(key: Key) -> bool:
    try:
        return utc_time(key.expires) - utc_time(key.created) >= LASTING
    except ValueError:  # a file written by hand
        return True


def ending_certificates(settings: Settings) -> tuple[Ending, ...]:
    """The certificates in the files named in the settings, as they are now."""
    own = [("ext_proc_cert", settings.ext_proc_cert)]
    trusted = [
        ("ext_proc_client_ca", settings.ext_proc_client_ca),
        ("audit_syslog_ca", settings.audit_syslog_ca),
        ("audit_url sslrootcert", _root_of(settings.audit_url)),
    ]
    for upstream in settings.upstreams:
        own.append((f"upstream {upstream.name} tls_cert", upstream.tls_cert))
        trusted.append((f"upstream {upstream.name} tls_ca", upstream.tls_ca))
    found = [(name, min(ends)) for name, path in own if (ends := _ends(path))]
    found += [(name, max(ends)) for name, path in trusted if (ends := _ends(path))]
    return tuple(Ending("certificate", name, at) for name, at in found)


def _root_of(url: str) -> str:
    root = make_url(url).query.get("sslrootcert", "") if url else ""
    return root if isinstance(root, str) else ""


def _ends(path: str) -> list[datetime]:
    """For a chain, all its certificates; for a bundle of authorities, each one, since any of them
    suffices. An unreadable file is reported at start-up elsewhere."""
    if not path:
        return []
    try:
        read = x509.load_pem_x509_certificates(Path(path).read_bytes())
    except (OSError, ValueError):
        return []
    return [certificate.not_valid_after_utc for certificate in read]
