"""Packets that disappear: PostgreSQL, Redis or the model API lies in a network namespace and its
cable is cut while calls are under way. Nothing unguarded leaves, and all comes back by itself."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from tests.e2e.support.fleet import POSTGRES, REDIS, Fleet, fleet
from tests.e2e.support.network import Apart, apart, namespaces
from tests.waiting import eventually

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.skipif(
        not (POSTGRES and REDIS), reason="THREEGATE_TEST_POSTGRES, THREEGATE_TEST_REDIS: no servers"
    ),
    pytest.mark.skipif(not namespaces(), reason="needs root and `ip netns`"),
]

MOBILE = "13812345678"
SLOW = "[demo: pause=0.5] one two three four five six seven eight"
POSTGRES_AT, REDIS_AT, MODEL_AT = range(1, 4)


@pytest.fixture(scope="module")
def cables() -> Iterator[dict[int, Apart]]:
    with ExitStack() as stack:
        yield {n: stack.enter_context(apart(n)) for n in (POSTGRES_AT, REDIS_AT, MODEL_AT)}


@pytest.fixture(scope="module")
def one(cables: dict[int, Apart], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet(
        tmp_path_factory.mktemp("cut"),
        replicas=1,
        postgres_at=cables[POSTGRES_AT],
        redis_at=cables[REDIS_AT],
        model_at=cables[MODEL_AT],
    ) as made:
        yield made


def streaming(one: Fleet, pool: ThreadPoolExecutor) -> Future[httpx.Response]:
    """A stream that has begun and takes a few seconds more."""
    seen = len(one.demo.received)
    running = pool.submit(one.post, 0, SLOW, stream=True)
    assert eventually(lambda: len(one.demo.received) > seen)
    return running


def stages(one: Fleet, reply: httpx.Response) -> list[str]:
    return [e["stage"] for e in one.events(reply.headers["x-threegate-request-id"])]


def whole_again(one: Fleet) -> bool:
    return eventually(lambda: one.post(0, "hello").status_code == 200) and eventually(
        one.replicas[0].ready
    )


def test_without_the_database_no_answer_is_whole(one: Fleet, cables: dict[int, Apart]) -> None:
    assert one.post(0, f"我的手机号是{MOBILE}").status_code == 200
    with ThreadPoolExecutor(4) as pool:
        begun = streaming(one, pool)
        cables[POSTGRES_AT].cut()
        try:
            seen = len(one.demo.received)
            late = [pool.submit(one.post, 0, said) for said in ("hello", "STOP-1")]
            assert [c.result().status_code for c in late] == [503, 503]
            assert "[DONE]" not in begun.result().text
            assert '"error"' in begun.result().text
            assert httpx.get(f"{one.replicas[0].url}/healthz").status_code == 200
            assert httpx.get(f"{one.replicas[0].url}/readyz", timeout=120).status_code == 503
            assert len(one.demo.received) == seen
        finally:
            cables[POSTGRES_AT].mend()
    assert whole_again(one)
    assert eventually(lambda: stages(one, begun.result()) == ["interrupted"])


def test_without_the_shared_state_calls_go_on(one: Fleet, cables: dict[int, Apart]) -> None:
    cables[REDIS_AT].cut()
    try:
        reply = one.post(0, f"我的手机号是{MOBILE}")
        assert reply.status_code == 200
        assert MOBILE not in str(one.demo.received[-1].body)
        assert {"state:limits"} == set(one.events(request_id(reply))[-1]["degraded"])
    finally:
        cables[REDIS_AT].mend()
    assert eventually(lambda: not one.events(request_id(one.post(0, "hello")))[-1].get("degraded"))


def request_id(reply: httpx.Response) -> str:
    return str(reply.headers["x-threegate-request-id"])


def test_without_the_model_streams_end_in_an_error(one: Fleet, cables: dict[int, Apart]) -> None:
    with ThreadPoolExecutor(2) as pool:
        begun = streaming(one, pool)
        cables[MODEL_AT].cut()
        try:
            assert one.post(0, "hello").status_code in (502, 503, 504)
            said = begun.result().text
            assert "[DONE]" not in said
            assert '"error"' in said
            assert stages(one, begun.result()) == ["aborted"]
        finally:
            cables[MODEL_AT].mend()
    assert whole_again(one)


def test_nothing_unmasked_went_to_the_model(one: Fleet) -> None:
    assert one.demo.received
    assert all(MOBILE not in str(r.body) for r in one.demo.received)
    assert all("STOP-1" not in str(r.body) for r in one.demo.received)
