"""Two replicas of two workers over one PostgreSQL and one Redis: exact, alike, and closed when in
doubt."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from threegate.policy.facade import check
from threegate.policy.lifecycle.commands import Activate, Approve, Event, Submit
from threegate.policy.lifecycle.machine import proper
from threegate.policy.lifecycle.people import Person, Role
from threegate.policy.lifecycle.store import DirTree, now_utc, today_utc
from threegate.policy.lifecycle.versions import Versions

from tests.e2e.support.fleet import POSTGRES, REDIS, Fleet, fleet
from tests.e2e.support.running import ROOT
from tests.waiting import eventually

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.skipif(
        not (POSTGRES and REDIS), reason="THREEGATE_TEST_POSTGRES, THREEGATE_TEST_REDIS: no servers"
    ),
]

LIMIT = 500  # requests_per_minute of the pack
WINDOW_S = 60
PACE_S = 0.25  # of the calls beside an activation, which the limit lets through
LOOK_S = (
    0.02  # of calls that no limit counts: without a pause they took the CPU that a change waits for
)
# A key, and so a limit, for each test.
BURST, BIG_BURST, CONVERSATION, AWAY, KILLED, LOAD, REVOKED = range(7)
MOBILE = "13812345678"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet(tmp_path_factory.mktemp("fleet")) as made:
        yield made


def said(reply: httpx.Response) -> str:
    return str(reply.json()["choices"][0]["message"]["content"])


@pytest.mark.parametrize(
    ("key", "calls"),
    [(BURST, 1_000), pytest.param(BIG_BURST, 10_000, marks=pytest.mark.slow)],
)
def test_a_burst_lets_exactly_the_limit_through(two: Fleet, key: int, calls: int) -> None:
    burst = two.burst(key, calls)
    start, end = min(c.at for c in burst), max(c.answered for c in burst)
    statuses = Counter(c.status for c in burst)
    print(f"\nburst: {calls} calls in {end - start:.1f} s: {dict(statuses)}")
    assert all(1 <= c.wait <= WINDOW_S for c in burst if c.status == 429)
    let = [c for c in burst if c.status == 200]
    assert sum(c.answered < start + WINDOW_S for c in let) == LIMIT
    # A slow machine needs more than one window: none of them, wherever it begins, lets more through.
    sent, answered = sorted(c.at for c in let), sorted(c.answered for c in let)
    assert all(b - a >= WINDOW_S for a, b in zip(sent, answered[LIMIT:], strict=False))
    assert end - start > WINDOW_S or statuses == {200: LIMIT, 429: calls - LIMIT}


def test_a_conversation_goes_on_at_the_other_replica(two: Fleet) -> None:
    question = f"我的手机号是{MOBILE}，请重复一遍。"
    first = two.post(0, question, CONVERSATION)
    assert MOBILE in said(first)
    sent = two.demo.received[-1].body["messages"][-1]["content"]
    history = [
        {"role": "user", "content": question},
        {"role": "assistant", "content": said(first)},
        {"role": "user", "content": f"再说一次：{MOBILE}"},
    ]
    second = two.post(1, "", CONVERSATION, messages=history)
    assert MOBILE in said(second)
    body = two.demo.received[-1].body
    assert MOBILE not in json.dumps(body, ensure_ascii=False)
    assert body["messages"][-3]["content"] == sent
    placeholder = sent.removeprefix("我的手机号是").removesuffix("，请重复一遍。")
    assert placeholder in body["messages"][-1]["content"]


def test_a_policy_reaches_every_worker_without_a_failed_call(two: Fleet) -> None:
    stop, statuses = threading.Event(), Counter[int]()

    def load(replica: int) -> None:
        while not stop.wait(LOOK_S):
            reply = httpx.get(f"{two.replicas[replica].url}/v1/models", headers=key(two, AWAY))
            statuses[reply.status_code] += 1

    threads = [threading.Thread(target=load, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    try:
        before = {digest(two, n) for n in (0, 1)}
        assert len(before) == 1
        pack = two.policies / "packs" / "fleet.yaml"
        changed = pack.read_text("utf-8").replace("STOP-", "HALT-")
        pack.with_suffix(".new").write_text(changed, "utf-8")
        pack.with_suffix(".new").rename(pack)
        for n in (0, 1):
            assert eventually(lambda n=n: digests(two, n, 12).isdisjoint(before))  # type: ignore[misc]
        assert digest(two, 0) == digest(two, 1)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert set(statuses) == {200}


@pytest.mark.parametrize("times", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_an_activation_reaches_every_worker_without_a_failed_call(two: Fleet, times: int) -> None:
    stop, statuses = threading.Event(), Counter[int]()

    def load(replica: int) -> None:
        while not stop.wait(PACE_S):
            statuses[two.post(replica, "hello", LOAD, stream=replica == 0).status_code] += 1

    threads = [threading.Thread(target=load, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    try:
        late = sorted(at for n in range(times) for at in activated(two, f"WAIT{times}{n}-"))
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    calls, middle = sum(statuses.values()), late[len(late) // 2]
    print(f"\n{times} activations, {calls} calls: at 4 workers after {late[0]:.2f} to", end="")
    print(f" {late[-1]:.2f} s, half within {middle:.2f} s: {[round(at, 2) for at in late]}")
    assert set(statuses) == {200}
    assert eventually(lambda: len(digests(two, 0, 12) | digests(two, 1, 12)) == 1)


def activated(two: Fleet, word: str) -> list[float]:
    """Seconds until each worker has taken up a version with this word."""
    pack = two.policies / "packs" / "fleet.yaml"
    pack.write_text(re.sub(r"[A-Z]\w*-(?=\\d|1)", word, pack.read_text("utf-8")), "utf-8")
    checked = check(DirTree(two.policies), ("fleet",), today=today_utc())
    versions = Versions(two.table.engine)
    digest_of = versions.save(checked, ("fleet",), now_utc())
    ann, ben = (Person(name, frozenset(Role), name) for name in ("ann", "ben"))
    submit = Submit(digest_of, False, proper(versions.state()))
    assert isinstance(versions.act(submit, ann, now_utc()), Event)
    assert isinstance(versions.act(Approve(digest_of), ben, now_utc()), Event)
    begun = time.time()
    assert isinstance(versions.act(Activate(digest_of), ben, now_utc()), Event)
    assert eventually(lambda: len(two.policy_records(digest_of)) == 4)
    return [at - begun for at in two.policy_records(digest_of)]


def test_a_revoked_key_is_refused_by_every_worker(two: Fleet) -> None:
    assert two.post(0, "hello", REVOKED).status_code == 200
    assert two.post(1, "hello", REVOKED).status_code == 200
    started = time.monotonic()
    two.table.look()
    assert two.table.revoke(two.table.keys[REVOKED].id)
    for n in (0, 1):
        assert eventually(
            lambda n=n: {two.post(n, "hello", REVOKED).status_code for _ in range(8)} == {401}  # type: ignore[misc]
        )
    print(f"\nrevoked key: refused by 4 workers after {time.monotonic() - started:.2f} s")


def key(two: Fleet, number: int) -> dict[str, str]:
    return {"authorization": f"Bearer {two.keys[number]}"}


def digest(two: Fleet, replica: int) -> str:
    """The policy of whichever worker takes the next connection; blocked, so the limit counts
    nothing."""
    return two.post(replica, "STOP-1 HALT-1", AWAY).headers["x-threegate-policy"]


def digests(two: Fleet, replica: int, calls: int) -> set[str]:
    with ThreadPoolExecutor(4) as pool:
        return set(pool.map(lambda _: digest(two, replica), range(calls)))


def test_without_the_database_nothing_is_answered_and_it_comes_back(two: Fleet) -> None:
    assert two.post(0, "hello", AWAY).status_code == 200
    seen = len(two.demo.received)
    two.postgres.cut()
    try:
        for n in (0, 1):
            for stream in (False, True):
                assert two.post(n, "hello", AWAY, stream=stream).status_code == 503
            assert httpx.get(f"{two.replicas[n].url}/readyz", timeout=120).status_code == 503
            assert httpx.get(f"{two.replicas[n].url}/healthz").status_code == 200
        assert len(two.demo.received) == seen
    finally:
        two.postgres.mend()
    for n in (0, 1):
        assert eventually(lambda n=n: two.post(n, "hello", AWAY).status_code == 200)  # type: ignore[misc]
        assert eventually(two.replicas[n].ready)


def test_without_the_shared_state_limits_are_local_and_said_so(two: Fleet) -> None:
    two.redis.cut()
    try:
        reply = two.post(0, "hello", AWAY)
        assert reply.status_code == 200
        assert degraded(two, reply) == {"state:limits"}
        assert "threegate_state_away_total 0.0" not in metrics(two)
    finally:
        two.redis.mend()
    assert eventually(lambda: degraded(two, two.post(0, "hello", AWAY)) == set())


def metrics(two: Fleet) -> str:
    return httpx.get(f"{two.replicas[0].url}/metrics").text


def degraded(two: Fleet, reply: httpx.Response) -> set[str]:
    events = two.events(reply.headers["x-threegate-request-id"])
    assert [e["stage"] for e in events] == ["completed"]
    return {part for e in events for part in e.get("degraded", ())}


def test_a_rolling_restart_drops_no_stream_and_fails_no_call(two: Fleet) -> None:
    replica, old = two.replicas[0], two.replicas[0].workers()
    stop, statuses = threading.Event(), Counter[Any]()

    def load() -> None:
        while not stop.wait(LOOK_S):
            try:
                statuses[httpx.get(f"{replica.url}/healthz", timeout=120).status_code] += 1
            except httpx.HTTPError as error:
                statuses[type(error).__name__] += 1

    streams: list[httpx.Response] = []
    slow = "[demo: pause=0.2] one two three four five six seven eight nine ten"

    def stream() -> None:
        streams.append(two.post(0, slow, CONVERSATION, stream=True))

    threads = [threading.Thread(target=t) for t in (load, stream, stream, stream)]
    seen = len(two.demo.received)
    for thread in threads:
        thread.start()
    assert eventually(lambda: len(two.demo.received) >= min(seen + 3, 100))
    replica.process.send_signal(1)
    assert eventually(lambda: len(replica.workers() - old) == 2 and not replica.workers() & old)
    stop.set()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert set(statuses) == {200}
    assert len(streams) == 3
    assert all(s.text.rstrip().endswith("data: [DONE]") for s in streams)


def test_a_replica_killed_in_a_stream_leaves_a_whole_log(two: Fleet) -> None:
    with httpx.stream(
        "POST",
        f"{two.replicas[1].url}/v1/chat/completions",
        json={
            "model": "deepseek-r1",
            "messages": [{"role": "user", "content": "[demo: pause=0.3] one two three four"}],
            "stream": True,
        },
        headers=key(two, KILLED),
        timeout=120,
    ) as reply:
        request_id = reply.headers["x-threegate-request-id"]
        pieces = reply.iter_raw()
        next(pieces)
        two.replicas[1].kill()
        with pytest.raises(httpx.RemoteProtocolError):
            list(pieces)
    assert two.events(request_id) == []  # it was in flight; the next start chains it
    assert two.post(0, "hello", KILLED).status_code == 200
    command = [sys.executable, "-m", "threegate", "audit", "verify"]
    verify = subprocess.run(
        [*command, "--database", two.database, "--directory", str(two.replicas[0].var / "audit")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert verify.returncode == 0, verify.stdout + verify.stderr
