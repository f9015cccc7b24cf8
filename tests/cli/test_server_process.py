"""Without an upstream the demo model answers; a reload of one process ends nothing."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from typing import Any

import httpx
import pytest
from threegate.cli.server_process import (
    OBJECTS_A_PASS,
    stay_on_reload,
    tune_garbage_collection,
    with_upstream,
)
from threegate.settings import Settings, UpstreamSettings

from tests.waiting import PATIENCE_S


async def test_without_an_upstream_the_demo_model_answers() -> None:
    async with with_upstream(Settings()) as complete:
        (demo,) = complete.upstreams
        models = await listed(demo.url)
    assert {m["id"] for m in models["data"]} >= {"deepseek-r1"}
    own = Settings(upstreams=(UpstreamSettings("http://127.0.0.1:9"),))
    async with with_upstream(own) as same:
        assert same is own


def test_passes_of_the_garbage_collector_become_rare() -> None:
    before, own_of_python = gc.get_threshold(), 700
    try:
        gc.set_threshold(own_of_python)  # tests have a higher one
        tune_garbage_collection()
        assert gc.get_threshold()[0] == OBJECTS_A_PASS > own_of_python
    finally:
        gc.set_threshold(*before)


async def listed(url: str) -> Any:
    """The models of a server that has just been told to start."""
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(60):
        while True:
            try:
                return (await client.get(f"{url}/v1/models")).json()
            except httpx.ConnectError:
                await asyncio.sleep(0.02)


async def test_a_reload_of_one_worker_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "isatty", lambda _: False)
    stay_on_reload()
    os.kill(os.getpid(), signal.SIGHUP)
    async with asyncio.timeout(PATIENCE_S):
        while "SIGHUP: one worker" not in caplog.text:
            await asyncio.sleep(0)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
