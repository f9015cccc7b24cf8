"""Without an upstream the demo model stands in; what stops a start is named."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from threegate.cli.serving import stay_on_reload, with_upstream
from threegate.errors import PolicyError
from threegate.parts import opened, policy_store, policy_versions
from threegate.policy.facade import check
from threegate.policy.lifecycle.commands import Activate, Approve, Event, Submit
from threegate.policy.lifecycle.machine import Person, Role
from threegate.policy.lifecycle.store import DirTree, Origin, now_utc
from threegate.policy.lifecycle.versions import Versions
from threegate.settings import Settings, UpstreamSettings

from tests.waiting import PATIENCE_S, eventually

ROOT = Path(__file__).parents[2]


async def test_without_an_upstream_the_demo_model_answers() -> None:
    async with with_upstream(Settings()) as complete:
        (demo,) = complete.upstreams
        models = await listed(demo.url)
    assert {m["id"] for m in models["data"]} >= {"deepseek-r1"}
    own = Settings(upstreams=(UpstreamSettings("http://127.0.0.1:9"),))
    async with with_upstream(own) as same:
        assert same is own


async def listed(url: str) -> Any:
    """The models of a server that has just been told to start."""
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(60):
        while True:
            try:
                return (await client.get(f"{url}/v1/models")).json()
            except httpx.ConnectError:
                await asyncio.sleep(0.02)


async def test_a_pack_that_does_not_load_stops_every_start(tmp_path: Path) -> None:
    settings = Settings(
        var=tmp_path / "var",
        classifiers="off",
        policies=ROOT / "policies",
        upstreams=(UpstreamSettings("http://127.0.0.1:9"),),
    )
    async with opened(settings):
        """A good start leaves a last good policy behind."""
    bad = replace(settings, packs=("nope",))
    with pytest.raises(PolicyError):
        async with opened(bad):
            pass
    async with opened(bad, replacement=True) as deps:
        assert deps.policies.in_force.origin is Origin.LAST_GOOD
        assert deps.policies.in_force.packs == ("base",)


async def test_a_wrong_pack_stops_the_start_although_a_version_is_active(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path, policies=ROOT / "policies")
    versions = policy_versions(settings)
    activate(versions, ROOT / "policies", "base")
    store = policy_store(settings, versions)
    assert store.in_force.origin is Origin.VERSION
    with pytest.raises(PolicyError) as caught:
        policy_store(replace(settings, packs=("nope",)), versions)
    assert caught.value.problems


def activate(versions: Versions, root: Path, pack: str) -> None:
    digest = versions.save(check(DirTree(root), [pack]), (pack,), now_utc())
    ann = Person("ann", frozenset(Role), "a")
    versions.act(Submit(digest, weaker=False), ann, now_utc())
    versions.act(Approve(digest), replace(ann, name="bob", group="b"), now_utc())
    assert isinstance(versions.act(Activate(digest), ann, now_utc()), Event)


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


def test_an_extra_that_is_not_installed_is_named(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['grpc'] = None")
    command = [sys.executable, "-m", "threegate", "serve", "--port", "0", "--classifiers", "off"]
    path = os.pathsep.join([str(tmp_path), *sys.path])
    ran = subprocess.run(
        [*command, "--var", str(tmp_path / "var")],
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": path, "THREEGATE_EXT_PROC_PORT": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ran.returncode == 2, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "pip install 'threegate[grpc]'" in ran.stderr


def test_workers_name_what_is_missing_too(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "threegate", "serve", "--port", "0", "--workers", "2"]
    ran = subprocess.run(
        [*command, "--pack", "nope", "--classifiers", "off", "--var", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ran.returncode == 1
    assert "nope" in ran.stderr
    assert "worker 1 of 2 did not start" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_every_line_of_a_json_log_is_json_and_none_has_the_one_time_link(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "threegate", "serve", "--port", "0", "--log-format", "json"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--var", str(tmp_path / "var")], cwd=ROOT, stderr=log, stdout=log
        )
    try:
        assert eventually(lambda: "listens at" in (tmp_path / "log").read_text())
    finally:
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert any("demo model" in line["message"] for line in lines)
    assert any("model guard" in line["message"] for line in lines)
    link = (tmp_path / "var/console-setup-link").read_text().strip()
    assert link.rpartition("/")[2] not in (tmp_path / "log").read_text()


def test_why_a_start_failed_is_a_line_of_a_json_log(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "threegate", "serve", "--port", "0", "--log-format", "json"]
    ran = subprocess.run(
        [*command, "--pack", "nope", "--var", str(tmp_path / "var")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 2
    *_, line = (json.loads(each) for each in ran.stderr.splitlines())
    assert line["level"] == "critical"
    assert "nope" in line["message"]
