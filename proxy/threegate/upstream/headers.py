"""The headers that cross, by allow-lists both ways. A key of the proxy replaces the client's."""

from __future__ import annotations

from collections.abc import Mapping

from threegate.errors import RequestError
from threegate.guard.known_secrets import KnownSecrets
from threegate.i18n.messages import said

NO_SECRETS = KnownSecrets()

FORWARDED = frozenset(
    {
        "anthropic-version",
        "anthropic-beta",
        "openai-organization",
        "openai-project",
        "accept-language",
        "x-request-id",
        "traceparent",
    }
)
"""Request headers that reach the model API; everything else stays here."""

RETURNED = frozenset(
    {
        "content-type",
        "x-request-id",
        "openai-processing-ms",
        "openai-version",
        "request-id",
        "retry-after",
    }
)
"""Answer headers that reach the client, besides the rate limits'."""

_RETURNED_PREFIXES = ("x-ratelimit-", "anthropic-ratelimit-")


def sent(headers: Mapping[str, str], key: str, *, body: bool) -> dict[str, str]:
    """What goes to the model API. With `key` the client's own keys stay here. Raises RequestError
    for a value that cannot go on."""
    out = {k: _plain(k, v) for k, v in headers.items() if k in FORWARDED and v}
    out |= {
        "accept-encoding": "identity",
        "accept": _plain("accept", headers.get("accept", "*/*")),
    }
    if body:
        out["content-type"] = "application/json"
    return out | _keys(headers, key)


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
    raise RequestError(said("header-ascii"), param=name)
