"""The KServe v2 client against a real MLServer that serves the tiny guard.

Needs MLServer in an environment of its own (it pins old libraries):
`pip install mlserver onnxruntime`, then `THREEGATE_TEST_MLSERVER=<path of its mlserver>`.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from threegate_classifiers.errors import ClassifierError
from threegate_classifiers.remote import KServe
from threegate_classifiers.runtime import Engine
from threegate_classifiers.testing import build_model
from threegate_classifiers.tokenize import Text

MLSERVER = os.environ.get("THREEGATE_TEST_MLSERVER", "")
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


@pytest.fixture(scope="module")
def server(local_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mlserver")
    http, grpc, metrics = free_port(), free_port(), free_port()
    shutil.copy(Path(__file__).parent / "mlserver" / "served.py", folder)
    settings = {"http_port": http, "grpc_port": grpc, "metrics_port": metrics, "host": "127.0.0.1"}
    (folder / "settings.json").write_text(json.dumps(settings | {"parallel_workers": 0}))
    uri = str(local_root / "guard" / "1")
    model = {"name": "guard", "implementation": "served.OnnxModel", "parameters": {"uri": uri}}
    (folder / "model-settings.json").write_text(json.dumps(model))
    log = (folder / "log").open("wb")
    process = subprocess.Popen([MLSERVER, "start", str(folder)], stdout=log, stderr=log)
    try:
        wait_ready(f"http://127.0.0.1:{http}", process)
        yield f"http://127.0.0.1:{http}"
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def wait_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    client = KServe(url, "guard")
    end = time.monotonic() + 60
    while not client.ready():
        assert process.poll() is None, "MLServer ended"
        assert time.monotonic() < end, "MLServer is not ready after a minute"
        time.sleep(0.2)
    client.close()


@pytest.mark.kserve
@pytest.mark.skipif(not MLSERVER, reason="THREEGATE_TEST_MLSERVER is not set")
class TestAgainstMLServer:
    async def test_same_answers_as_here(
        self, server: str, local_root: Path, remote_root: Path
    ) -> None:
        backend = KServe(server, "guard")
        here = Engine.open(local_root, ["guard"], gpu=False, say=lambda _: None)
        there = Engine.open(remote_root, ["guard"], remote={"guard": backend}, say=lambda _: None)
        assert await there.classify("guard", TEXTS) == await here.classify("guard", TEXTS)
        here.close(), there.close(), backend.close()

    def test_unknown_model_is_an_error(self, server: str, remote_root: Path) -> None:
        backend = KServe(server, "nobody")
        assert not backend.ready()
        with pytest.raises(ClassifierError, match="answered 404"):
            Engine.open(remote_root, ["guard"], remote={"guard": backend}, say=lambda _: None)
        backend.close()


def test_nobody_listens(remote_root: Path) -> None:
    backend = KServe(f"http://127.0.0.1:{free_port()}", "guard", timeout_s=2)
    assert not backend.ready()
    with pytest.raises(ClassifierError, match="the model server failed: ConnectError"):
        Engine.open(remote_root, ["guard"], remote={"guard": backend}, say=lambda _: None)
    backend.close()
