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

_CHARSET: Final = r"( ?; ?charset=\"?[A-Za-z0-9\-]{1,20}\"?)?"
_ID: Final = r"[A-Za-z0-9_.:/+=\-]{1,128}"
_NUMBER: Final = r"\d{1,10}(\.\d{1,9})?"
_TIME: Final = r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+\-]\d\d:\d\d)?"
_LAPSE: Final = r"(\d{1,7}(\.\d{1,9})?(d|h|m|s|ms|us|ns)){1,6}"
_DATE: Final = r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
RETURNED: Final = {
    name: re.compile(form, re.ASCII)
    for name, form in {
        "content-type": r"[A-Za-z]{1,16}/[A-Za-z0-9.+\-]{1,64}" + _CHARSET,
        "x-request-id": _ID,
        "request-id": _ID,
        "x-ds-trace-id": _ID,
        "openai-processing-ms": _NUMBER,
        "openai-version": r"\d{4}-\d\d-\d\d|\d{1,3}(\.\d{1,3}){0,2}",
        "retry-after": f"{_NUMBER}|{_DATE}",
        "retry-after-ms": _NUMBER,
        "x-should-retry": r"true|false",
    }.items()
}
"""Answer headers that reach the client, besides the rate limits', and what their values look like:
no rule looks at them either."""

_LIMIT: Final = re.compile(r"(x|anthropic)-ratelimit(-[a-z_]{1,24}){1,4}", re.ASCII)
_LEFT: Final = re.compile(
    rf"{_NUMBER}|\d{{13}}|{_TIME}|{_LAPSE}|\d{{1,10}}(, ?\d{{1,10}};w=\d{{1,7}}){{0,4}}",
    re.ASCII,
)
"""Counts, seconds or a time in them (in milliseconds too), `6m0s`, and several windows."""


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
    named = ((name.lower(), secrets.scrubbed(value)) for name, value in headers.items())
    return {name: kept for name, value in named if (kept := _of_its_form(name, value))}


def _of_its_form(name: str, value: str) -> str:
    """Empty for a header that stays here; a type of content without parameters of other forms."""
    form = RETURNED.get(name) or (_LEFT if _LIMIT.fullmatch(name) else None)
    if form is None:
        return ""
    if name == "content-type" and form.fullmatch(value) is None:
        value = value.partition(";")[0].rstrip()
    return value if form.fullmatch(value) else ""


def _plain(name: str, value: str) -> str:
    """Header values go on in printable ASCII alone: what lies beyond is read differently."""
    if value.isascii() and value.isprintable():
        return value
    raise RequestError(localized("header-ascii"), param=name)
