from __future__ import annotations

import orjson
import pytest
from threegate import errors
from threegate.audit.errors import trouble
from threegate.errors import (
    OverloadError,
    PolicyError,
    ProtocolError,
    RequestError,
    StoppingError,
    ThreegateError,
    UpstreamError,
)
from threegate.types import Bilingual
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Api
from threegate.wire.base import Adapter
from threegate.wire.errors import anthropic_error, openai_error, status_of

MAPPED = [
    (
        RequestError(Bilingual("坏", "bad"), param="/a"),
        400,
        "invalid_request_error",
        "invalid_request_error",
    ),
    (
        RequestError(Bilingual("密钥", "key"), status=401, code="x"),
        401,
        "authentication_error",
        "authentication_error",
    ),
    (RequestError(Bilingual("否", "no"), status=403), 403, "permission_error", "permission_error"),
    (
        RequestError(Bilingual("慢", "slow"), status=429),
        429,
        "rate_limit_error",
        "rate_limit_error",
    ),
    (
        RequestError(Bilingual("大", "big"), status=413),
        413,
        "invalid_request_error",
        "request_too_large",
    ),
    (
        RequestError(Bilingual("怪", "has_text"), status=418),
        418,
        "invalid_request_error",
        "invalid_request_error",
    ),
    (UpstreamError(Bilingual("停", "down")), 502, "upstream_error", "api_error"),
    (UpstreamError(Bilingual("迟", "late"), status=504), 504, "upstream_error", "timeout_error"),
    (StoppingError(), 503, "service_unavailable", "overloaded_error"),
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


@pytest.mark.parametrize("error", [error for error, *_ in MAPPED])
def test_only_the_message_follows_the_language(error: ThreegateError) -> None:
    for shape in (openai_error, anthropic_error):
        english, chinese = shape(error)["error"], shape(error, "zh")["error"]
        assert english == shape(error, "en")["error"]
        assert english.pop("message").isascii()
        assert not chinese.pop("message").isascii()
        assert english == chinese


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.api)
def test_each_api_tells_it_whole_and_in_a_stream(adapter: Adapter) -> None:
    late = UpstreamError(Bilingual("太迟", "late"))
    told = [orjson.dumps(adapter.error(late, language)) for language in ("", "zh")]
    if adapter.api not in (Api.EMBEDDINGS, Api.TOKEN_COUNT):
        codec = adapter.stream({"model": "m"})
        told = [
            a + codec.error(late, language) for a, language in zip(told, ("", "zh"), strict=True)
        ]
        assert [each.count(b"late") for each in told] == [2, 0]
        assert [each.count("太迟".encode()) for each in told] == [0, 2]
    assert b"late" in told[0]
    assert "太迟".encode() in told[1]


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
    assert openai_error(RequestError(Bilingual("坏", "bad"), param="/a"))["error"]["param"] == "/a"
    assert openai_error(UpstreamError(Bilingual("停", "down")))["error"]["param"] is None
