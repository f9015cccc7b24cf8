"""The exception tree. A detector's failure is data (`types.Failed`), not an exception.

ThreegateError
├── RequestError     the client sent something we refuse          4xx
│   └── OverloadError  more calls than this process takes on      503
├── UpstreamError    the model API failed or timed out            502 / 504
│   └── StoppingError  this server ends before the answer does    503
├── PolicyError      a policy cannot be used; carries problems    never reaches a client
├── AuditError       a record could not be made durable           503, fail closed
└── ProtocolError    a bug of ours                                500

No message holds text of a conversation or a secret: messages name what is wrong and where. The text
for clients exists in both languages (`text`); programs and logs see the English one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from threegate.i18n.messages import localized
from threegate.types import Bilingual


class ThreegateError(Exception):
    """Base class. `status` is the HTTP status, `code` a stable code for programs."""

    status = 500
    code = "internal_error"


class RequestError(ThreegateError):
    """The client's request is refused. `param` is a JSON pointer or header name, `retry_after` is
    in seconds if a retry can help."""

    status = 400
    code = "invalid_request"

    def __init__(
        self,
        text: Bilingual,
        *,
        status: int = 400,
        code: str = "invalid_request",
        param: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text.en)
        self.text, self.status, self.code, self.param = text, status, code, param
        self.retry_after = retry_after


class OverloadError(RequestError):
    """More calls arrived than this process accepts; a retry can help."""

    def __init__(self) -> None:
        super().__init__(localized("overloaded"), status=503, code="overloaded", retry_after=1.0)


class UpstreamError(ThreegateError):
    """The model API failed. `retry_after` is in seconds, if known."""

    status = 502
    code = "upstream_error"

    def __init__(
        self,
        text: Bilingual,
        *,
        status: int = 502,
        code: str = "upstream_error",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text.en)
        self.text, self.status, self.code, self.retry_after = text, status, code, retry_after


class StoppingError(UpstreamError):
    """This server stops before the answer ends; a retry can help."""

    def __init__(self) -> None:
        super().__init__(localized("stopping"), status=503, code="stopping", retry_after=1.0)


class PolicyError(ThreegateError):
    """A policy cannot be used, or a command on one not carried out. `problems` are
    `policy.language.problems.Problem` values with their places;
    `policy.errors` makes these errors."""

    code = "policy_error"

    def __init__(self, text: Bilingual, problems: Sequence[Any] = ()) -> None:
        super().__init__(text.en)
        self.text, self.problems = text, tuple(problems)


class AuditError(ThreegateError):
    """A record could not be made durable, so the request must not proceed; or the log cannot do
    what was requested. `audit.errors.trouble` makes these errors."""

    status = 503
    code = "audit_unavailable"

    def __init__(self, text: Bilingual) -> None:
        super().__init__(text.en)
        self.text = text


class ProtocolError(ThreegateError):
    """The caller of a machine broke its contract, which is a bug."""
