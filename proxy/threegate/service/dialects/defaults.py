"""What most dialects share: our API keys, OpenAI's error format, the error's own status."""

from __future__ import annotations

from collections.abc import Mapping

from threegate.errors import RequestError, ThreegateError
from threegate.gateway.access.auth import presented_key
from threegate.i18n.messages import localized
from threegate.service.check import CheckResult
from threegate.types import Failed
from threegate.wire.adapter import Body
from threegate.wire.errors import openai_error, status_of


class OpenAiStyle:
    """The base of dialects without conventions of their own for keys and errors."""

    __slots__ = ()

    def key(self, headers: Mapping[str, str]) -> str:
        return presented_key(headers)

    def error(self, error: ThreegateError, language: str) -> Body:
        return openai_error(error, language)

    def status(self, error: ThreegateError) -> int:
        return status_of(error)


def refuse_unchecked(result: CheckResult) -> None:
    """For answers that are lists of findings, where a failed detector would look like fewer
    findings. Raises RequestError 503 if the policy stops on the failure."""
    stops = result.outcome is not None
    if stops and any(isinstance(r.finding, Failed) for r in result.rulings):
        raise RequestError(localized("check-failed"), status=503, code="check_failed")
