"""Forwards headers by allow-lists, in both directions. A key of the proxy replaces the client's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from threegate.errors import RequestError
from threegate.guard.known_secrets import KnownSecrets
from threegate.i18n.messages import localized

NO_SECRETS = KnownSecrets()

_NAME: Final = r"[A-Za-z0-9_.\-]{1,64}"
FORWARDED: Final = {
    name: re.compile(form)
    for name, form in {
        "anthropic-version": r"\d{4}-\d\d-\d\d|\d{1,3}",
        "anthropic-beta": r"[A-Za-z0-9_.,\- ]{1,512}",
        "openai-organization": _NAME,
        "openai-project": _NAME,
        "accept": r"[A-Za-z0-9+.*/;=, \-]{1,128}",
        "accept-language": r"[A-Za-z0-9*;=., \-]{1,128}",
        "x-request-id": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "traceparent": r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}",
    }.items()
}
"""Request headers that reach the model API, and what their values look like. No rule looks at them,
so they have no room for a text or for somebody's number; everything else stays here."""
_RANDOM: Final = frozenset({"x-request-id", "traceparent"})
"""Random hexadecimal digits, the proxy's own for a call: a run of decimal digits is chance."""
_LONG_NUMBER: Final = re.compile(r"\d{9}")

RETURNED = frozenset(
    {
        "content-type",
        "x-request-id",
        "openai-processing-ms",
        "openai-version",
        "request-id",
        "retry-after",
        "retry-after-ms",
        "x-ds-trace-id",
        "x-should-retry",
    }
)
"""Answer headers that reach the client, besides the rate limits'."""

_RETURNED_PREFIXES = ("x-ratelimit-", "anthropic-ratelimit-")


def sent(headers: Mapping[str, str], key: str, *, body: bool) -> dict[str, str]:
    """What goes to the model API. With `key` the client's own keys stay here. Raises RequestError
    for a value that cannot go on."""
    plain = {k: _plain(k, v) for k, v in headers.items() if k in FORWARDED and v}
    out = {"accept": "*/*"} | {k: v for k, v in plain.items() if _has_form(k, v)}
    out["accept-encoding"] = "identity"
    if body:
        out["content-type"] = "application/json"
    return out | _keys(headers, key)


def _has_form(name: str, value: str) -> bool:
    if FORWARDED[name].fullmatch(value) is None:
        return False
    return name in _RANDOM or _LONG_NUMBER.search(value) is None


def _keys(headers: Mapping[str, str], key: str) -> dict[str, str]:
    if key:
        swapped = {"authorization": f"Bearer {key}"}
        return swapped | ({"x-api-key": key} if "x-api-key" in headers else {})
    given = {n: headers[n] for n in ("authorization", "x-api-key") if headers.get(n)}
    return {name: _plain(name, value) for name, value in given.items()}


def returned(headers: Mapping[str, str], secrets: KnownSecrets = NO_SECRETS) -> dict[str, str]:
    """What the client may see of the model API's headers, without the proxy's own keys."""
    return {
        k: secrets.scrubbed(v)
        for k, v in ((name.lower(), value) for name, value in headers.items())
        if (k in RETURNED or k.startswith(_RETURNED_PREFIXES)) and v.isascii() and v.isprintable()
    }


def _plain(name: str, value: str) -> str:
    """Header values go on in printable ASCII alone: what lies beyond is read differently."""
    if value.isascii() and value.isprintable():
        return value
    raise RequestError(localized("header-ascii"), param=name)
