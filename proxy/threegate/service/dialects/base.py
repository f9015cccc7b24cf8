"""The interface of a dialect, which turns one kind of client's requests into checks, and results
into its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final, Protocol

from threegate.errors import RequestError, ThreegateError
from threegate.gateway.access.auth import presented_key
from threegate.i18n.messages import localized
from threegate.service.check import Check, CheckResult
from threegate.types import Failed
from threegate.wire import json as strict_json
from threegate.wire.adapter import Body
from threegate.wire.errors import openai_error, status_of
from threegate.wire.request_schema import SHAPES, Shape, check_shape, shapes

Json = dict[str, Any]
REQUESTS: Final = shapes("service.dialects", "requests", SHAPES)


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """`headers` with lower-case names, `query` as it was sent."""

    path: str
    query: bytes
    headers: Mapping[str, str] = field(repr=False)
    data: bytes = field(repr=False)

    def body(self, shape: Shape) -> Body:
        """Strict JSON of this shape. Raises RequestError."""
        return json_of(self.data, shape)


@dataclass(frozen=True, slots=True)
class Reading:
    """`answer` gets the results in the order of the checks and gives the body of the answer."""

    checks: tuple[Check, ...]
    answer: Callable[[Sequence[CheckResult]], Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One path for the OpenAPI document. `request` and `answer` are JSON Schemas."""

    path: str
    title: str
    request: Json
    answer: Json
    examples: Mapping[str, Json]
    content_type: str = "application/json"

    @classmethod
    def described(cls, name: str, path: str, request: Json, **more: str) -> Operation:
        """Title, answer and examples are the entry `name` of `openapi.json`."""
        entry = _OPERATIONS[name]
        return cls(path, entry["title"], request, entry["answer"], entry["examples"], **more)


_OPERATIONS = json.loads((files(__package__) / "openapi.json").read_text("utf-8"))


class Dialect(Protocol):
    """`name` is used in records and metrics."""

    @property
    def name(self) -> str: ...

    @property
    def operations(self) -> tuple[Operation, ...]: ...

    def key(self, headers: Mapping[str, str]) -> str:
        """The API key of a request."""
        ...

    def read(self, request: ServiceRequest) -> Reading:
        """Raises RequestError."""
        ...

    def error(self, error: ThreegateError, language: str) -> Body | bytes:
        """Bytes are sent as they are."""
        ...

    def status(self, error: ThreegateError) -> int:
        """The HTTP status of the answer to a request that ends in this error."""
        ...


class OpenAiStyle:
    """The base of dialects without conventions of their own: our API keys, OpenAI's error format,
    the error's own status."""

    def key(self, headers: Mapping[str, str]) -> str:
        return presented_key(headers)

    def error(self, error: ThreegateError, language: str) -> Body | bytes:
        return openai_error(error, language)

    def status(self, error: ThreegateError) -> int:
        return status_of(error)


def refuse_unchecked(result: CheckResult) -> None:
    """For answers that are lists of findings, where a failed detector would look like fewer
    findings. Raises RequestError 503 if the policy stops on the failure."""
    stops = result.outcome is not None
    if stops and any(isinstance(r.finding, Failed) for r in result.rulings):
        raise RequestError(localized("check-failed"), status=503, code="check_failed")


MAX_CHECKS = 64
"""The checks of one request; each is a separate call with its own record."""


def refuse_many(count: int) -> None:
    """Raises RequestError for more checks than one request may have. Dialects whose requests are
    lists call it before they make the checks."""
    if count > MAX_CHECKS:
        raise RequestError(localized("many-checks", limit=MAX_CHECKS), code="too_many_checks")


def json_of(data: bytes, shape: Shape) -> Body:
    """Raises RequestError."""
    body = strict_json.parse(data)
    check_shape(body, shape)
    return body
