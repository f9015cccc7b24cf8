"""The authorities that our HTTPS clients trust: those of the system, or of `SSL_CERT_FILE` and
`SSL_CERT_DIR`, and the list that comes with httpx, for systems without one.

httpx by itself trusts its list alone, so that a company's own authority would reach the model
APIs (aiohttp asks the system) and neither judges nor an identity provider.
"""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
