from __future__ import annotations

from threegate.wire import limits


def test_limits_fit_each_other() -> None:
    assert limits.MAX_EVENT_BYTES < limits.MAX_RESPONSE_BYTES
    assert limits.MAX_DEPTH < 1024  # orjson's own limit: ours must bite first
    assert limits.MAX_SAFE_INTEGER == 9007199254740992
