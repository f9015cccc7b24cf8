"""Our errors in the shape of each API: HTTP status, OpenAI envelope, Anthropic envelope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from threegate.errors import (
    AuditError,
    OverloadError,
    PolicyError,
    ProtocolError,
    RequestError,
    StoppingError,
    ThreegateError,
    UpstreamError,
)
from threegate.i18n.messages import localized

# Subclass → (OpenAI `type`). The text of internal errors is not shown to clients.
_OPENAI_TYPES: Final[dict[type[ThreegateError], str]] = {
    RequestError: "invalid_request_error",
    OverloadError: "overloaded_error",
    UpstreamError: "upstream_error",
    StoppingError: "service_unavailable",
    PolicyError: "policy_error",
    AuditError: "service_unavailable",
    ProtocolError: "internal_error",
}
_OPENAI_BY_STATUS: Final = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}
_ANTHROPIC_BY_STATUS: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def status_of(error: ThreegateError) -> int:
    """The HTTP status of an error."""
    return error.status


def openai_error(error: ThreegateError, language: str = "") -> dict[str, Any]:
    """`{"error": {message, type, param, code}}`; the message in English by default."""
    kind = _OPENAI_BY_STATUS.get(error.status) or _type_of(error)
    return {
        "error": {
            "message": _public(error, language),
            "type": kind,
            "param": getattr(error, "param", "") or None,
            "code": error.code,
        }
    }


def anthropic_error(error: ThreegateError, language: str = "") -> dict[str, Any]:
    """`{"type": "error", "error": {type, message}}`."""
    fallback = "invalid_request_error" if error.status < 500 else "api_error"
    kind = _ANTHROPIC_BY_STATUS.get(error.status, fallback)
    return {"type": "error", "error": {"type": kind, "message": _public(error, language)}}


def is_anthropic(path: str, headers: Mapping[str, str]) -> bool:
    """Whether a client of a path without an adapter expects the Anthropic API's shapes."""
    named = path.startswith(("/anthropic/", "/v1/messages"))
    return named or bool(headers.get("anthropic-version"))


def _type_of(error: ThreegateError) -> str:
    for cls in type(error).__mro__:
        if cls in _OPENAI_TYPES:
            return _OPENAI_TYPES[cls]
    return "internal_error"


def _public(error: ThreegateError, language: str) -> str:
    """The text that a client may read: a bug or a policy problem reveals nothing internal."""
    if isinstance(error, RequestError | UpstreamError | AuditError):
        return error.text.get(language)
    return localized("ours").get(language)
