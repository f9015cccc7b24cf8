"""What stops a start is named; a supervisor does without the proxy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from threegate.errors import PolicyError
from threegate.parts import opened, policy_store, policy_versions
from threegate.policy.facade import check
from threegate.policy.lifecycle.commands import Activate, Approve, Event, Submit
from threegate.policy.lifecycle.people import Person, Role
from threegate.policy.lifecycle.store import DirTree, Origin, now_utc
from threegate.policy.lifecycle.versions import Versions
from threegate.settings import Settings, UpstreamSettings

from tests.waiting import PATIENCE_S, eventually

ROOT = Path(__file__).parents[2]


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


def test_a_supervisor_does_without_the_proxy() -> None:
    """Each worker is a process of its own: what the supervisor imports is time before they start,
    and memory to the end."""
    program = "import sys, threegate.cli.serving; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    imported = set(ran.stdout.split())
    assert "threegate.server.supervisor" in imported
    assert not imported & {"threegate.app", "threegate.detectors", "sqlalchemy", "aiohttp", "numpy"}
