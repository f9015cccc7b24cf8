"""The authorities that our HTTPS clients trust: those of the system, or of `SSL_CERT_FILE` and
`SSL_CERT_DIR`, and the list that comes with httpx, for systems without one.

httpx by itself trusts only its own list, so a company's own authority would work for model APIs
(aiohttp asks the system) but not for judges or an identity provider.
"""

from __future__ import annotations

import ssl
from functools import cache

import httpx


def client_tls(ca: str, cert: str, key: str) -> ssl.SSLContext:
    """For a server with an authority of its own (`ca`; empty: those of the system) that may ask for
    a certificate (`cert`, PEM, with its key there or in `key`). Raises OSError or ValueError, see
    `unusable`."""
    context = ssl.create_default_context(cafile=ca or None)
    if cert or key:
        context.load_cert_chain(cert, key or None, password="")  # never prompts for a passphrase
    return context


def unusable(error: OSError | ValueError) -> str:
    """Why certificates or keys cannot be loaded, without what is in them."""
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or "PEM"


@cache
def trusted() -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
