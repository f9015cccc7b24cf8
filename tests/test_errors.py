"""Each error has a status and a word for programs, and says nothing that it was not told."""

from __future__ import annotations

import pytest
from threegate.errors import (
    AuditError,
    PolicyError,
    ProtocolError,
    RequestError,
    ThreegateError,
    UpstreamError,
)
from threegate.types import Bilingual


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RequestError(Bilingual("否", "no")), 400, "invalid_request"),
        (
            RequestError(Bilingual("否", "no"), status=413, code="request_too_large"),
            413,
            "request_too_large",
        ),
        (UpstreamError(Bilingual("否", "no")), 502, "upstream_error"),
        (
            UpstreamError(Bilingual("否", "no"), status=504, code="upstream_timeout"),
            504,
            "upstream_timeout",
        ),
        (AuditError(Bilingual("否", "no")), 503, "audit_unavailable"),
        (ProtocolError("no"), 500, "internal_error"),
    ],
)
def test_status_and_code(error: ThreegateError, status: int, code: str) -> None:
    assert (error.status, error.code) == (status, code)
    assert str(error) == "no"


def test_one_error_does_not_change_the_next() -> None:
    assert (
        RequestError(Bilingual("甲", "a"), status=451, param="/x", retry_after=3).retry_after == 3
    )
    assert (
        RequestError(Bilingual("乙", "b")).status,
        RequestError(Bilingual("乙", "b")).param,
    ) == (400, "")
    assert UpstreamError(Bilingual("丙", "c"), status=503, retry_after=2).retry_after == 2
    assert UpstreamError(Bilingual("丁", "d")).retry_after is None


def test_a_policy_error_carries_its_problems() -> None:
    error = PolicyError(Bilingual("坏", "bad"), ["one", "two"])
    assert (error.problems, error.text.zh, str(error)) == (("one", "two"), "坏", "bad")
