"""`from threegate import Guard`: the same in process and against a server."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from threegate import AsyncGuard, Guard, GuardError, GuardStopped

from tests.e2e.support.running import ROOT, Running
from tests.serving import serve
from tests.waiting import PATIENCE_S

MOBILE, KEY = "13917352846", "sk-proj-" + "a1B2c3D4" * 6
ASKED = [{"role": "user", "content": f"Ring {MOBILE}."}]


def test_a_text_is_checked(guard: Guard) -> None:
    verdict = guard.check(f"Ring {MOBILE}.", conversation="c", subject="u")
    assert (verdict.allowed, verdict.action) == (True, "mask")
    (found,) = verdict.findings
    assert (found.kind, found.start, found.end) == ("pii.cn.mobile", 5, 16)
    assert verdict.text.startswith("Ring [MOBILE_")
    assert MOBILE not in repr(verdict)


def test_messages_at_both_stages(guard: Guard) -> None:
    said = {"role": "assistant", "content": f"The key is {KEY}."}
    verdict = guard.check(messages=[*ASKED, said], stage="both")
    assert MOBILE not in str(verdict.messages)
    assert verdict.answer == {"role": "assistant", "content": "The key is [secret removed]."}


def test_mask_and_restore(guard: Guard) -> None:
    masked = guard.mask(f"Ring {MOBILE}.")
    placeholder = masked.text.split()[1].rstrip(".")
    assert guard.restore(f"I rang {placeholder}.", masked.masks) == f"I rang {MOBILE}."


def test_a_stop_is_an_exception_where_a_text_is_wanted(guard: Guard) -> None:
    assert not guard.check("我不想活了").allowed
    with pytest.raises(GuardStopped) as caught:
        guard.mask("我不想活了")
    assert caught.value.verdict.reply


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_streams(guard: Guard, size: int) -> None:
    text = f"The key is {KEY}, as you wished. " + "And so on. " * 20
    pieces = (text[i : i + size] for i in range(0, len(text), size))
    got = list(guard.stream(pieces, messages=ASKED))
    assert "".join(got) == text.replace(KEY, "[secret removed]")


def test_first_calls_of_many_threads_open_one_engine(tmp_path: Path) -> None:
    """Each engine has its own writer, models and limits."""
    with Guard(policies=ROOT / "policies", classifiers="off", var=tmp_path) as guard:
        with ThreadPoolExecutor(8) as pool:
            texts = list(pool.map(lambda _: guard.check(MOBILE).text, range(8)))
        assert len(list((tmp_path / "audit.sqlite3.live").iterdir())) == 1
    assert len(set(texts)) == 1


@pytest.mark.parametrize("where", ["in process", "at a server"])
def test_a_guard_belongs_to_one_loop(tmp_path: Path, served: Running, where: str) -> None:
    async def closing() -> str:
        async with guard:
            return (await guard.check(MOBILE)).action

    async def leaving() -> str:
        return (await guard.check(MOBILE)).action

    guard = (
        AsyncGuard(policies=ROOT / "policies", classifiers="off", var=tmp_path)
        if where == "in process"
        else AsyncGuard(served.url)
    )
    assert [asyncio.run(closing()), asyncio.run(closing())] == ["mask", "mask"]
    with asyncio.Runner() as runner:
        assert runner.run(leaving()) == "mask"
        with ThreadPoolExecutor(1) as pool, pytest.raises(GuardError, match="another event loop"):
            pool.submit(asyncio.run, leaving()).result()
        runner.run(guard.aclose())


def test_a_forked_process_is_not_left_waiting(remote: Guard) -> None:
    assert remote.check("hello").allowed
    if not (child := os.fork()):
        signal.alarm(10)
        try:
            remote.check("hello")
        except GuardError as error:
            os._exit(7 if error.code == "forked" else 1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert remote.check("hello").allowed


def test_a_stream_with_thousands_of_findings_ends_with_its_verdict(remote: Guard) -> None:
    """Its last line has more than half a megabyte."""
    keys = [f"The key is sk-proj-{'a1B2c3D4' * 5}{i}, so." for i in range(12345678, 12348178)]
    got = "".join(remote.stream([" ".join(keys)]))
    assert got.count("[secret removed]") == len(keys)


@pytest.mark.parametrize(
    ("body", "code"), [(b'{"release": "a"}\n', "no_verdict"), (b"<html>\n", "no_json")]
)
def test_a_stream_without_a_verdict_is_no_answer(body: bytes, code: str) -> None:
    """A server in between that ends the body as if it were complete, or answers by itself."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    with serve(app) as url, Guard(url) as guard, pytest.raises(GuardError) as caught:
        list(guard.stream(["one"]))
    assert (caught.value.status, caught.value.code) == (502, code)


def test_a_stream_gives_text_before_its_end(guard: Guard) -> None:
    got = threading.Event()

    def pieces() -> Iterator[str]:
        for i in range(100):
            yield f"Word {i}, and more of it. "
        assert got.wait(PATIENCE_S)
        yield "The end."

    for _ in guard.stream(pieces()):
        got.set()
    assert got.is_set()


def test_what_cannot_be_checked_is_an_error_with_a_code(guard: Guard) -> None:
    for options in ({}, {"texts": [5]}, {"text": "hi", "stage": "sideways"}):
        with pytest.raises(GuardError) as caught:
            guard.check(**options)  # type: ignore[arg-type]
        assert caught.value.status == 400
        assert caught.value.code
    with pytest.raises(GuardError) as caught:
        guard.check("hi", policy="another")
    assert (caught.value.status, caught.value.code) == (403, "no_policy")
    with pytest.raises(GuardError) as caught:
        list(guard.stream(["hi"], policy="another"))
    assert caught.value.status == 403


def test_threads_share_one_guard(guard: Guard) -> None:
    got: list[str] = []
    threads = [
        threading.Thread(target=lambda i=i: got.append(guard.check(f"text {i}").text))
        for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [f"text {i}" for i in range(8)]


async def test_the_asynchronous_form(served: Running) -> None:
    async def pieces() -> AsyncIterator[str]:
        yield "The key is "
        yield KEY

    async with AsyncGuard(served.url) as guard:
        assert (await guard.check("hello")).allowed
        masked = await guard.mask(f"Ring {MOBILE}.")
        assert await guard.restore(masked.text, masked.masks) == f"Ring {MOBILE}."
        got = [text async for text in guard.stream(pieces())]
    assert "".join(got) == "The key is [secret removed]"


async def test_a_server_that_is_away_is_an_error() -> None:
    async with AsyncGuard("http://127.0.0.1:9") as guard:
        with pytest.raises(GuardError) as caught:
            await guard.check("hello")
    assert (caught.value.status, caught.value.code) == (503, "unreachable")


def test_importing_threegate_loads_nothing_else() -> None:
    code = (
        "import sys; before = set(sys.modules); import threegate; "
        "print(sorted(m for m in set(sys.modules) - before if m.startswith('threegate')))"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "['threegate']"
    code = "import sys, threegate; threegate.Guard; print('threegate.app' in sys.modules)"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "False"


def test_what_is_no_address_is_refused_at_once() -> None:
    for url in ("localhost:8080", "ftp://guard", "http://"):
        with pytest.raises(ValueError, match="url must begin with http"):
            Guard(url)


def test_the_address_of_an_api_is_as_good(served: Running) -> None:
    with Guard(f"{served.url}/v1/") as guard:
        assert guard.check("Hello.").allowed


def test_a_server_that_is_away_is_named() -> None:
    with Guard("http://127.0.0.1:1") as guard, pytest.raises(GuardError, match=r"127\.0\.0\.1:1"):
        guard.check("Hello.")


def test_what_keeps_the_guard_from_starting_is_told(tmp_path: Path) -> None:
    told = pytest.raises(GuardError, match=r"could not start: .*packs/nope.yaml")
    with Guard(packs=["nope"], classifiers="off", var=tmp_path) as guard, told as caught:
        guard.check("Hello.")
    assert (caught.value.status, caught.value.code) == (503, "not_started")


def test_settings_come_from_the_file_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(f"var: {tmp_path}\nclassifiers: 'off'\n")
    with Guard(config=tmp_path / "t.yaml") as guard:
        assert guard.check(f"Ring {MOBILE}.").action == "mask"
    assert (tmp_path / "audit.sqlite3").exists()


def test_a_closed_guard_says_so(tmp_path: Path) -> None:
    guard = Guard("http://127.0.0.1:1")
    guard.close()
    with pytest.raises(RuntimeError, match="the guard is closed"):
        guard.check("Hello.")


def test_a_field_that_a_check_does_not_have_is_refused(guard: Guard) -> None:
    with pytest.raises(GuardError, match="its fields: messages, sources") as caught:
        guard.check("Hello.", polcy="base")  # type: ignore[call-arg]
    assert caught.value.status == 400
