"""The authorities that our HTTPS clients trust: those of the system, or of `SSL_CERT_FILE` and
`SSL_CERT_DIR`, and the list that comes with httpx, for systems without one.

httpx by itself trusts only its own list, so a company's own authority would work for model APIs
(aiohttp asks the system) but not for judges or an identity provider.
"""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

import httpx


def client_tls(ca: str, cert: str, key: str) -> ssl.SSLContext:
    """For a server with an authority of its own (`ca`; empty: those of the system) that may ask for
    a certificate (`cert`, PEM, with its key there or in `key`). Raises OSError or ValueError, see
    `unusable`."""
    require_readable(ca, cert, key)
    context = ssl.create_default_context(cafile=ca or None)
    if cert or key:
        context.load_cert_chain(cert, key or None, password="")  # never prompts for a passphrase
    return context


def unusable(error: OSError | ValueError) -> str:
    """Why certificates or keys cannot be loaded, without what is in them."""
    why = getattr(error, "reason", None) or getattr(error, "strerror", None) or "PEM"
    path = getattr(error, "filename", None)
    return f"{path}: {why}" if path else str(why)


def require_readable(*paths: str) -> None:
    """Raises OSError with the name of a file that cannot be read, which `ssl` leaves out."""
    for path in filter(None, paths):
        Path(path).open("rb").close()


@cache
def trusted() -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
