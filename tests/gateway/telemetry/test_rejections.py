"""Refusals are recorded, and a flood of them is counted instead."""

from __future__ import annotations

from dataclasses import dataclass, field

from threegate.audit.errors import trouble
from threegate.audit.log.record import Content, Record, Stage
from threegate.audit.settings import OnFailure
from threegate.errors import RequestError
from threegate.gateway.telemetry.rejections import MINUTE_S, PER_MINUTE, Refusals
from threegate.types import Bilingual, Caller

WRONG_KEY = RequestError(
    Bilingual("需要有效的 API 密钥", "a valid API key is needed"),
    status=401,
    code="invalid_api_key",
)
NO_JSON = RequestError(
    Bilingual(
        "请求正文中的键出现两次：/secret", "a key occurs twice in the request body at /secret"
    ),
    code="invalid_json",
)


@dataclass
class Log:
    records: list[Record] = field(default_factory=list)
    asked: list[OnFailure | None] = field(default_factory=list)
    away: bool = False

    async def append(
        self,
        record: Record,
        content: Content | None = None,
        on_failure: OnFailure | None = None,
    ) -> None:
        assert content is None
        self.asked.append(on_failure)
        if self.away:
            raise trouble("not-stored")
        self.records.append(record)

    async def ready(self) -> bool:
        return not self.away


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


async def test_a_refusal_says_why_and_not_what() -> None:
    log = Log()
    request_id = await Refusals(log).note(NO_JSON, "chat", Caller("bank", "key_1", "/v1/x"))
    record = log.records[0]
    assert (record.stage, record.error, record.endpoint) == (Stage.ABORTED, "invalid_json", "chat")
    assert (record.caller.tenant, record.caller.key_id) == ("bank", "key_1")
    assert record.request_id == request_id != ""
    assert record.detail == {"status": 400}
    assert "secret" not in repr(record)


async def test_a_flood_is_counted_and_told_with_the_next_minute() -> None:
    log, clock = Log(), Clock()
    refusals = Refusals(log, clock)
    for _ in range(10_000):
        await refusals.note(WRONG_KEY, "chat")
    assert len(log.records) == PER_MINUTE
    clock.now += MINUTE_S
    await refusals.note(WRONG_KEY, "chat")
    assert log.records[-1].detail == {"status": 401, "untold": 10_000 - PER_MINUTE}
    await refusals.note(WRONG_KEY, "chat")
    assert "untold" not in log.records[-1].detail


async def test_a_flood_of_one_reason_or_key_hides_no_other() -> None:
    log = Log()
    refusals = Refusals(log)
    for _ in range(PER_MINUTE * 2):
        await refusals.note(WRONG_KEY, "chat")
    await refusals.note(NO_JSON, "chat")
    await refusals.note(WRONG_KEY, "chat", Caller(key_id="key_2"))
    assert [r.error for r in log.records[PER_MINUTE:]] == ["invalid_json", "invalid_api_key"]


async def test_a_refused_call_has_what_its_policy_asks_for() -> None:
    log = Log()
    await Refusals(log).note(WRONG_KEY, "chat")
    await Refusals(log).note(WRONG_KEY, "chat", on_failure=OnFailure.SPOOL)
    assert log.asked == [None, OnFailure.SPOOL]


async def test_a_log_that_is_away_changes_nothing_for_the_client() -> None:
    log = Log(away=True)
    refusals = Refusals(log)
    assert await refusals.note(WRONG_KEY, "chat") == ""
    log.away = False
    assert await refusals.note(WRONG_KEY, "chat", request_id="tg_1") == "tg_1"
