"""Requests that are refused before they become calls leave a record too: the reason, never what was
sent. A flood cannot fill the log: at most `PER_MINUTE` records per minute are written for one
reason and one key. Further ones are counted, and the next record of the same reason gives their
number.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from threegate.audit import AuditLog
from threegate.audit.log.record import NOBODY, Record, Stage
from threegate.audit.settings import OnFailure
from threegate.errors import AuditError, ThreegateError
from threegate.gateway.telemetry.audit_trail import new_id
from threegate.types import Caller
from threegate.wire.errors import status_of

log = logging.getLogger(__name__)

REQUEST_ID = "x-threegate-request-id"
"""Answer header with the id of the record."""

PER_MINUTE = 60
MINUTE_S = 60.0
KEPT = 4096
"""Pairs of reason and key; beyond this number counting starts anew."""


@dataclass(slots=True)
class _Minute:
    begun: float
    written: int = 0
    left_out: int = 0


@dataclass(slots=True)
class Refusals:
    audit: AuditLog
    clock: Callable[[], float] = time.monotonic
    _minutes: dict[tuple[str, str], _Minute] = field(default_factory=dict, repr=False)

    async def note(
        self,
        error: ThreegateError,
        endpoint: str,
        caller: Caller = NOBODY,
        request_id: str = "",
        on_failure: OnFailure | None = None,
    ) -> str:
        """The request id of the record; empty if none was written. An unavailable log does not
        change a refusal."""
        minute = self._minute(error.code, caller.key_id)
        if minute.written >= PER_MINUTE:
            minute.left_out += 1
            return ""
        minute.written += 1
        request_id = request_id or new_id("tg")
        record = _record(error, endpoint, caller, request_id, minute.left_out)
        try:
            await self.audit.append(record, None, on_failure)
        except AuditError:
            log.warning("a refusal was not recorded")
            return ""
        minute.left_out = 0
        return request_id

    def _minute(self, code: str, key_id: str) -> _Minute:
        now, key = self.clock(), (code, key_id)
        minute = self._minutes.get(key)
        if minute is None:
            if len(self._minutes) >= KEPT:
                self._minutes.clear()
            minute = self._minutes[key] = _Minute(now)
        elif now - minute.begun >= MINUTE_S:
            minute.begun, minute.written = now, 0
        return minute


def _record(
    error: ThreegateError, endpoint: str, caller: Caller, request_id: str, left_out: int
) -> Record:
    detail = {"status": status_of(error)} | ({"untold": left_out} if left_out else {})
    return Record(
        stage=Stage.ABORTED,
        request_id=request_id,
        caller=caller,
        endpoint=endpoint,
        error=error.code,
        detail=detail,
    )
