"""Which upstream is asked, and what happens when it dies, hangs, is slow, full or not well: against
real servers. Through the whole proxy: `e2e/operation/test_upstreams.py`."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from weakref import ref

import pytest
from threegate.errors import UpstreamError
from threegate.settings import UpstreamSettings
from threegate.upstream import ModelRequest, Reply, Upstreams

from tests.scripted_upstream import ScriptedUpstream
from tests.serving import serve

A = UpstreamSettings("http://127.0.0.1:9", name="a", models=("deepseek-*",), weight=3)
B = UpstreamSettings("http://127.0.0.1:9", name="b", models=("deepseek-r1", "qwen"))
BODY = b'{"model":"deepseek-r1","messages":[{"role":"user","content":"hi"}]}'
CHAT = "/v1/chat/completions"


@dataclass
class Noted:
    """What the metrics would be told."""

    outcomes: list[tuple[str, str]] = field(default_factory=list)
    ups: list[tuple[str, bool]] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def answered(self, upstream: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.outcomes.append((upstream, outcome))

    def upstream_is(self, upstream: str, *, up: bool) -> None:
        self.ups.append((upstream, up))

    def retried(self, upstream: str) -> None:
        self.again.append(upstream)

    def broke_off(self, upstream: str) -> None:
        self.broken.append(upstream)


NO_KEYS: Mapping[str, str] = {}


@asynccontextmanager
async def upstreams(
    *settings: UpstreamSettings,
    watch: Noted | None = None,
    keys: Mapping[str, str] = NO_KEYS,
) -> AsyncIterator[Upstreams]:
    made = Upstreams(settings, keys, watch or Noted())
    try:
        yield made
    finally:
        await made.aclose()


async def test_a_model_goes_where_it_is_served() -> None:
    async with upstreams(A, B) as both:
        assert [u.name for u in both.candidates("qwen")] == ["b"]
        assert [u.name for u in both.candidates("deepseek-v4")] == ["a"]
        with pytest.raises(UpstreamError) as caught:
            both.candidates("other")
        assert caught.value.status == 404


async def test_a_call_without_a_model_goes_anywhere() -> None:
    async with upstreams(A, B) as both:
        assert {u.name for u in both.candidates("")} == {"a", "b"}


async def test_weights_are_kept_and_the_others_follow() -> None:
    async with upstreams(A, B) as both:
        chosen = [[u.name for u in both.candidates("deepseek-r1")] for _ in range(40)]
    assert Counter(names[0] for names in chosen) == {"a": 30, "b": 10}
    assert all(sorted(names) == ["a", "b"] for names in chosen)


async def test_all_away_is_an_error_that_names_no_address() -> None:
    async with upstreams(UpstreamSettings("http://127.0.0.1:9")) as one:
        with pytest.raises(UpstreamError) as caught:
            await one.send(ModelRequest("POST", CHAT, BODY, {}, "m"))
    assert caught.value.status == 502
    assert "127.0.0.1" not in str(caught.value)


@asynccontextmanager
async def demo(**more: object) -> AsyncIterator[tuple[ScriptedUpstream, UpstreamSettings]]:
    """A model API on a socket, and settings for it."""
    made = ScriptedUpstream()
    with serve(made.app) as url:
        yield made, replace(UpstreamSettings(url, name="demo"), **more)  # type: ignore[arg-type]


AWAY = UpstreamSettings("http://127.0.0.1:9", name="away", weight=100, failures=2, rest_s=60)


async def post(made: Upstreams, model: str = "m", tenant: str = "") -> Reply:
    return await made.send(ModelRequest("POST", CHAT, BODY, {}, model, tenant))


async def read(made: Upstreams) -> bytes:
    reply = await post(made)
    try:
        return b"".join([piece async for piece in reply.chunks()])
    finally:
        await reply.aclose()


async def failure(made: Upstreams) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        await read(made)
    return caught.value


async def test_the_log_says_why_one_cannot_be_reached(caplog: pytest.LogCaptureFixture) -> None:
    async with upstreams(A) as one:
        with pytest.raises(UpstreamError) as caught:
            await one.send(ModelRequest("POST", CHAT, BODY, {}, "deepseek-r1"))
    assert "Cannot connect to host 127.0.0.1:9" in caplog.text
    assert "127.0.0.1" not in str(caught.value)  # what the caller gets names no address


class Kept(dict[str, str]):
    """Headers that can be watched."""


async def test_a_request_that_reaches_nobody_leaves_memory_with_its_call() -> None:
    headers = Kept()
    watched = ref(headers)
    gc.disable()  # nothing of it waits for a collection of reference cycles
    try:
        async with upstreams(A) as one:
            with suppress(UpstreamError):
                await one.send(ModelRequest("POST", CHAT, BODY, headers, "deepseek-r1"))
            del headers
            assert watched() is None
    finally:
        gc.enable()


async def test_a_tenant_goes_where_it_is_served() -> None:
    own = UpstreamSettings("http://127.0.0.1:9", name="own", tenants=("bank-*",))
    async with upstreams(own, B) as both:
        assert {t.name for t in both.candidates("qwen", "bank-a")} == {"own", "b"}
        assert [t.name for t in both.candidates("qwen", "shop")] == ["b"]
        with pytest.raises(UpstreamError, match="no model API serves"):
            both.candidates("other", "shop")


async def test_weight_0_is_asked_when_no_other_is_left() -> None:
    spare = UpstreamSettings("http://127.0.0.1:9", name="spare", weight=0)
    async with upstreams(AWAY, spare) as both:
        assert {both.candidates("m")[0].name for _ in range(10)} == {"away"}
        assert [t.name for t in both.candidates("m")] == ["away", "spare"]
        for _ in range(AWAY.failures):
            both.targets[0].health.failed()
        assert [t.name for t in both.candidates("m")] == ["spare"]


async def test_one_that_is_away_is_passed_over_and_then_left_alone() -> None:
    noted = Noted()
    async with demo() as (_, here), upstreams(AWAY, here, watch=noted) as both:
        for _ in range(4):
            assert (await read(both)).startswith(b"{")
    assert [o for o in noted.outcomes if o[0] == "away"] == [("away", "upstream_error")] * 2
    assert noted.again == ["away"] * 2
    assert noted.ups == [("away", True), ("demo", True), ("away", False)]


async def test_all_resting_says_when_to_come_again() -> None:
    async with upstreams(AWAY) as one:
        for _ in range(AWAY.failures):
            assert (await failure(one)).status == 502
        error = await failure(one)
    assert (error.status, error.code) == (503, "upstream_away")
    assert error.retry_after is not None
    assert 50 < error.retry_after <= 60


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_status_that_says_not_here_goes_on_to_the_next(status: int) -> None:
    noted = Noted()
    async with demo(name="ill", weight=100) as (ill, first), demo(weight=0) as (_, second):
        ill.play([b"{}"], status=status, media_type="application/json")
        async with upstreams(first, second, watch=noted) as both:
            assert b"choices" in await read(both)
    assert noted.outcomes == [("ill", str(status)), ("demo", "200")]


@pytest.mark.parametrize("status", [400, 401, 404, 422, 429, 500, 503])
async def test_the_last_ones_own_answer_is_handed_on(status: int) -> None:
    async with demo() as (made, one), upstreams(one) as alone:
        made.play([b'{"error":1}'], status=status, media_type="application/json")
        reply = await post(alone)
        assert reply.status == status
        assert b"".join([p async for p in reply.chunks()]) == b'{"error":1}'
        await reply.aclose()


async def test_a_request_that_the_model_refuses_is_not_sent_twice() -> None:
    async with demo(weight=100) as (made, first), demo(name="other", weight=0) as (other, second):
        made.play([b"{}"], status=500, media_type="application/json")
        async with upstreams(first, second) as both:
            reply = await post(both)
            assert reply.status == 500
            await reply.aclose()
    assert len(other.received) == 0


async def test_one_that_hangs_is_left_after_its_time_and_rests() -> None:
    resting = demo(first_byte_s=0.1, failures=2, rest_s=60)
    async with resting as (made, one), upstreams(one) as alone:
        for _ in range(2):
            made.play([], hang=True)
            error = await failure(alone)
            assert (error.status, error.code) == (504, "upstream_timeout")
        assert (await failure(alone)).code == "upstream_away"


async def test_one_that_falls_silent_ends_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    noted = Noted()
    async with demo(idle_s=0.1) as (made, one), upstreams(one, watch=noted) as alone:
        made.play([b"data: 1\n\n", b"data: 2\n\n"], pause=2)
        error = await failure(alone)
    assert (error.status, error.code) == (504, "upstream_timeout")
    assert noted.broken == ["demo"]
    assert "upstream demo: the answer broke off: upstream_timeout" in caplog.text


async def test_an_answer_without_end_is_ended() -> None:
    """Never silent, never done."""
    async with demo(idle_s=30, total_s=0.3) as (made, one), upstreams(one) as alone:
        made.play([b": keep-alive\n\n"] * 10_000, pause=0.01)
        error = await failure(alone)
    assert (error.status, error.code) == (504, "upstream_timeout")


async def test_an_answer_that_breaks_before_its_first_byte_goes_to_the_next() -> None:
    noted = Noted()
    async with demo(name="ill", weight=100) as (ill, first), demo(weight=0) as (_, second):
        ill.play([], finish=False)
        async with upstreams(first, second, watch=noted) as both:
            assert b"choices" in await read(both)
    assert noted.outcomes == [("ill", "upstream_error"), ("demo", "200")]


async def test_answers_that_break_off_count_as_failures() -> None:
    async with demo(failures=2, rest_s=60) as (made, one), upstreams(one) as alone:
        for _ in range(2):
            made.play([b"data: 1\n\n"], finish=False)
            assert (await failure(alone)).status == 502
        assert (await failure(alone)).code == "upstream_away"


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_of_ours_goes_to_the_next(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    noted, keys = Noted(), {"ill": "sk-canary-of-ours"}
    async with demo(name="ill", weight=100) as (ill, first), demo(weight=0) as (_, second):
        ill.play([b'{"error": {"message": "no such key"}}'], status=status)
        async with upstreams(first, second, watch=noted, keys=keys) as both:
            assert b"choices" in await read(both)
            assert both.targets[0].health.up
    assert noted.outcomes == [("ill", "upstream_key"), ("demo", "200")]
    assert noted.again == ["ill"]
    assert f"upstream ill: it refuses the proxy's key ({status})" in caplog.text
    assert "canary" not in caplog.text


async def test_a_refused_key_of_the_client_is_the_clients_matter() -> None:
    noted = Noted()
    async with demo(name="one", weight=100) as (made, first), demo(weight=0) as (_, second):
        made.play([b'{"error": {"message": "no such key"}}'], status=401)
        async with upstreams(first, second, watch=noted) as both:
            assert b"no such key" in await read(both)
    assert noted.outcomes == [("one", "401")]


async def test_a_client_that_leaves_counts_for_nothing() -> None:
    async with demo(failures=1) as (made, one), upstreams(one) as alone:
        made.play([], hang=True)
        task = asyncio.ensure_future(post(alone))
        while alone.targets[0].calls == 0:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert alone.targets[0].calls == 0
        assert alone.targets[0].health.admits()


async def test_no_more_calls_than_connections() -> None:
    async with demo(max_connections=1) as (_, one), upstreams(one) as alone:
        first = await post(alone)
        error = await failure(alone)
        assert (error.status, error.code) == (503, "upstream_busy")
        await first.aclose()
        await first.aclose()
        assert await read(alone)
        assert alone.targets[0].calls == 0


async def test_the_next_takes_what_a_full_one_cannot() -> None:
    async with (
        demo(max_connections=1, weight=100) as (_, one),
        demo(name="b", weight=0) as (b, two),
        upstreams(one, two) as both,
    ):
        first = await post(both)
        assert await read(both)
        await first.aclose()
    assert len(b.received) == 1


async def until(holds: Callable[[], bool]) -> bool:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)
    return True


async def test_a_server_that_dies_is_noticed_by_its_checks_and_comes_back() -> None:
    noted = Noted()
    with ExitStack() as running:
        url = running.enter_context(serve(ScriptedUpstream().app))
        settings = UpstreamSettings(url, name="demo", health_path="/v1/models", health_s=0.1)
        async with upstreams(settings, watch=noted) as one:
            assert one.targets[0].health.admits()
            await asyncio.to_thread(running.close)
            assert await until(lambda: noted.ups[-1] == ("demo", False))
            assert (await failure(one)).code == "upstream_away"
            port = int(url.rsplit(":", 1)[1])
            running.enter_context(serve(ScriptedUpstream().app, port))
            assert await until(lambda: noted.ups[-1] == ("demo", True))
            assert await read(one)
    assert not [o for o in noted.outcomes if o[1] not in ("200", "upstream_away")]


async def test_a_check_counts_any_status_but_a_failure() -> None:
    noted = Noted()
    lost = demo(health_path="/v1/nowhere", health_s=0.05)
    async with lost as (_, one), upstreams(one, watch=noted) as alone:
        await asyncio.sleep(0.3)
        assert alone.targets[0].health.admits()  # 404 shows life
    assert noted.ups == [("demo", True)]
