"""Headers of every console answer, and which requests may change something. Pure ASGI. No CSRF
token is needed: a browser states where a request comes from (`Sec-Fetch-Site`, or at least
`Origin`), and the session cookie is also `SameSite=Strict`. A request with neither header does not
come from a supported browser and is refused.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # under no-referrer, a form's `Origin` is null
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
SAFE = ("GET", "HEAD")


def same_origin(headers: Headers) -> bool:
    """Whether the browser states that the request comes from our own pages."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == headers.get("host", "")


def seen_from(request: Request) -> str:
    """Scheme and host under which the browser that sends a form sees us; a proxy that terminates
    TLS changes what the request itself says."""
    origin = request.headers.get("origin", "")
    own = f"{request.url.scheme}://{request.url.netloc}"
    return origin if origin.startswith(("http://", "https://")) else own


class Guarded:
    """Adds headers to every answer and accepts changes only from our own pages."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["method"] not in SAFE and not same_origin(Headers(scope=scope)):
            body = {"ok": False, "error": "cross-origin request refused", "status": 403}
            await JSONResponse(body, 403)(scope, receive, _with_headers(send))
            return
        await self.app(scope, receive, _with_headers(send))


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return sending
