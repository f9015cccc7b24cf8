from __future__ import annotations

import pytest
from threegate import errors
from threegate.audit.words import trouble
from threegate.errors import (
    OverloadError,
    PolicyError,
    ProtocolError,
    RequestError,
    ThreegateError,
    UpstreamError,
)
from threegate.types import Bilingual
from threegate.wire.errors import anthropic_error, openai_error, status_of

MAPPED = [
    (RequestError("bad", param="/a"), 400, "invalid_request_error", "invalid_request_error"),
    (
        RequestError("key", status=401, code="x"),
        401,
        "authentication_error",
        "authentication_error",
    ),
    (RequestError("no", status=403), 403, "permission_error", "permission_error"),
    (RequestError("slow", status=429), 429, "rate_limit_error", "rate_limit_error"),
    (RequestError("big", status=413), 413, "invalid_request_error", "request_too_large"),
    (RequestError("odd", status=418), 418, "invalid_request_error", "invalid_request_error"),
    (UpstreamError("down"), 502, "upstream_error", "api_error"),
    (UpstreamError("late", status=504), 504, "upstream_error", "timeout_error"),
    (PolicyError(Bilingual("secret policy", "secret policy")), 500, "policy_error", "api_error"),
    (trouble("not-stored"), 503, "service_unavailable", "overloaded_error"),
    (OverloadError(), 503, "overloaded_error", "overloaded_error"),
    (ProtocolError("bug"), 500, "internal_error", "api_error"),
    (ThreegateError("base"), 500, "internal_error", "api_error"),
]


@pytest.mark.parametrize(("error", "status", "openai", "anthropic"), MAPPED)
def test_every_error_has_both_shapes(
    error: ThreegateError, status: int, openai: str, anthropic: str
) -> None:
    assert status_of(error) == status
    body = openai_error(error)["error"]
    assert body["type"] == openai
    assert body["code"] == error.code
    assert body.keys() == {"message", "type", "param", "code"}
    assert anthropic_error(error)["type"] == "error"
    assert anthropic_error(error)["error"]["type"] == anthropic


def test_every_subclass_is_mapped() -> None:
    known = {
        cls
        for cls in vars(errors).values()
        if isinstance(cls, type) and issubclass(cls, ThreegateError)
    }
    assert known == {type(error) for error, *_ in MAPPED}


def test_what_is_inside_stays_inside() -> None:
    for error in (
        PolicyError(Bilingual("secret policy", "secret policy")),
        ProtocolError("secret bug"),
        ThreegateError(),
    ):
        assert "secret" not in str(openai_error(error)) + str(anthropic_error(error))
    assert openai_error(RequestError("bad", param="/a"))["error"]["param"] == "/a"
    assert openai_error(UpstreamError("down"))["error"]["param"] is None
