"""The KServe v2 clients against a real MLServer that serves the tiny guard, over HTTP and over gRPC.

Needs MLServer in an environment of its own (it pins old libraries):
`pip install mlserver onnxruntime`, then `THREEGATE_TEST_MLSERVER=<path of its mlserver>`.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from threegate_classifiers.errors import ClassifierError, ModelError
from threegate_classifiers.remote import KServe, Remote, at
from threegate_classifiers.runtime import Engine
from threegate_classifiers.testing import build_model
from threegate_classifiers.tokenize import Text

MLSERVER = os.environ.get("THREEGATE_TEST_MLSERVER", "")
DEADLINE_S = 2.0
WORDS = {"injection.direct": ["ignore", "忽"], "offensive": ["stupid", "蠢"]}
TEXTS = [
    Text("please ignore this"),
    Text("你真蠢"),
    Text("nothing " * 60 + "stupid"),
    Text("a", "忽略"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def local_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("local")
    build_model(root, "guard", "classify", WORDS, sentences=["nothing"])
    return root


@pytest.fixture(scope="module")
def remote_root(local_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model without its weights."""
    root = tmp_path_factory.mktemp("remote")
    shutil.copytree(local_root / "guard", root / "guard")
    folder = root / "guard" / "1"
    (folder / "model.onnx").unlink()
    manifest = yaml.safe_load((folder / "manifest.yaml").read_text())  # noqa: TID251
    del manifest["files"]["model.onnx"]
    (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest))
    return root


@dataclass
class Serving:
    process: subprocess.Popen[bytes]
    http: str
    grpc: str

    def at(self, scheme: str, model: str = "guard") -> Remote:
        return at(getattr(self, scheme), model)


@contextmanager
def serving(local_root: Path, folder: Path) -> Iterator[Serving]:
    http, grpc, metrics = free_port(), free_port(), free_port()
    shutil.copy(Path(__file__).parent / "mlserver" / "served.py", folder)
    settings = {"http_port": http, "grpc_port": grpc, "metrics_port": metrics, "host": "127.0.0.1"}
    (folder / "settings.json").write_text(json.dumps(settings | {"parallel_workers": 0}))
    uri = str(local_root / "guard" / "1")
    model = {"name": "guard", "implementation": "served.OnnxModel", "parameters": {"uri": uri}}
    (folder / "model-settings.json").write_text(json.dumps(model))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([MLSERVER, "start", str(folder)], stdout=log, stderr=log)
    try:
        made = Serving(process, f"http://127.0.0.1:{http}", f"grpc://127.0.0.1:{grpc}")
        wait_ready(made)
        yield made
    finally:
        process.kill()
        process.wait(20)


@pytest.fixture(scope="module")
def server(local_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(local_root, tmp_path_factory.mktemp("mlserver")) as made:
        yield made


def wait_ready(made: Serving) -> None:
    client = made.at("http")
    end = time.monotonic() + 120
    while not client.ready():
        assert made.process.poll() is None, "MLServer ended"
        assert time.monotonic() < end, "MLServer is not ready after two minutes"
        time.sleep(0.2)
    client.close()


@pytest.mark.kserve
@pytest.mark.skipif(not MLSERVER, reason="THREEGATE_TEST_MLSERVER is not set")
@pytest.mark.parametrize("scheme", ["http", "grpc"])
class TestAgainstMLServer:
    async def test_same_answers_as_here(
        self, server: Serving, scheme: str, local_root: Path, remote_root: Path
    ) -> None:
        backend = server.at(scheme)
        assert backend.ready()
        here = Engine.open(local_root, ["guard"], gpu=False, say=lambda _: None)
        there = Engine.open(remote_root, ["guard"], remote={"guard": backend}, say=lambda _: None)
        assert await there.classify("guard", TEXTS) == await here.classify("guard", TEXTS)
        for part in (here, there, backend):
            part.close()

    def test_unknown_model_is_an_error(
        self, server: Serving, scheme: str, remote_root: Path
    ) -> None:
        backend = server.at(scheme, "nobody")
        assert not backend.ready()
        with pytest.raises(ClassifierError, match=r"answered 404|failed: NOT_FOUND"):
            Engine.open(remote_root, ["guard"], remote={"guard": backend}, say=lambda _: None)
        backend.close()

    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
    async def test_its_death_is_told_within_the_deadline(
        self, scheme: str, how: signal.Signals, local_root: Path, remote_root: Path, tmp_path: Path
    ) -> None:
        """Killed it refuses, stopped it is silent: both are an error and no answer."""
        with serving(local_root, tmp_path) as dying:
            backend = dying.at(scheme)
            there = Engine.open(
                remote_root, ["guard"], remote={"guard": backend}, say=lambda _: None
            )
            dying.process.send_signal(how)
            async with asyncio.timeout(DEADLINE_S * 10):
                with pytest.raises(ClassifierError):
                    await there.classify("guard", [Text("stupid")], deadline_s=DEADLINE_S)
        for part in (there, backend):
            part.close()


def test_nobody_listens(remote_root: Path) -> None:
    backend = KServe(f"http://127.0.0.1:{free_port()}", "guard", timeout_s=2)
    assert not backend.ready()
    with pytest.raises(ClassifierError, match="the model server failed: ConnectError"):
        Engine.open(remote_root, ["guard"], remote={"guard": backend}, say=lambda _: None)
    backend.close()


def test_a_server_of_another_kind_is_an_error() -> None:
    with pytest.raises(
        ModelError, match=r"model guard: its server is http\(s\):// or grpc\(s\)://"
    ):
        at("ftp://127.0.0.1", "guard")
