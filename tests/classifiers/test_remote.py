"""The KServe v2 clients against real servers that serve the tiny guard, over HTTP and over gRPC.

Each needs an environment of its own, as it pins old libraries:

- MLServer: `pip install mlserver onnxruntime`, `THREEGATE_TEST_MLSERVER=<path of its mlserver>`;
- Triton: `pip install nvidia-pytriton onnxruntime`, `THREEGATE_TEST_TRITON=<folder of that venv>`.
  The package holds NVIDIA's server with the Python backend alone, so the exported repository is
  served as it is but for its `backend`.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sysconfig
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
from threegate_classifiers.triton import CONFIG, export

MLSERVER = os.environ.get("THREEGATE_TEST_MLSERVER", "")
TRITON = os.environ.get("THREEGATE_TEST_TRITON", "")
DEADLINE_S = 2.0
UNKNOWN = r"answered 404|failed: NOT_FOUND"
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


Ports = tuple[int, int, int]
"""Of HTTP, gRPC and metrics."""


def mlserver(local_root: Path, folder: Path, ports: Ports) -> tuple[list[str], dict[str, str]]:
    """The command and what it wants of the environment."""
    http, grpc, metrics = ports
    shutil.copy(Path(__file__).parent / "mlserver" / "served.py", folder)
    settings = {"http_port": http, "grpc_port": grpc, "metrics_port": metrics, "host": "127.0.0.1"}
    (folder / "settings.json").write_text(json.dumps(settings | {"parallel_workers": 0}))
    uri = str(local_root / "guard" / "1")
    model = {"name": "guard", "implementation": "served.OnnxModel", "parameters": {"uri": uri}}
    (folder / "model-settings.json").write_text(json.dumps(model))
    return [MLSERVER, "start", str(folder)], {}


def triton(local_root: Path, folder: Path, ports: Ports) -> tuple[list[str], dict[str, str]]:
    (made,) = export(local_root, folder / "repository")
    config = (made / CONFIG).read_text("utf-8")
    assert 'backend: "onnxruntime"' in config
    (made / CONFIG).write_text(config.replace('backend: "onnxruntime"', 'backend: "python"'))
    shutil.copy(Path(__file__).parent / "triton" / "model.py", made / "1")
    site = next(Path(TRITON).glob("lib/python3.*/site-packages"))
    server, version = site / "pytriton" / "tritonserver", site.parent.name.removeprefix("python")
    shutil.copytree(server / "backends", folder / "backends")
    stub = server / "python_backend_stubs" / version / "triton_python_backend_stub"
    shutil.copy(stub, folder / "backends" / "python")
    command = [str(server / "bin" / "tritonserver"), "--exit-timeout-secs", "5"]
    command += ["--model-repository", str(folder / "repository")]
    command += ["--backend-directory", str(folder / "backends")]
    for name, port in zip(("http", "grpc", "metrics"), ports, strict=True):
        command += [f"--{name}-address", "127.0.0.1", f"--{name}-port", str(port)]
    libraries = f"{site / 'nvidia_pytriton.libs'}:{sysconfig.get_config_var('LIBDIR')}"
    path = f"{TRITON}/bin:{os.environ['PATH']}"
    return command, {"PATH": path, "PYTHONPATH": str(site), "LD_LIBRARY_PATH": libraries}


@contextmanager
def serving(kind: str, local_root: Path, folder: Path) -> Iterator[Serving]:
    http, grpc, _ = ports = free_port(), free_port(), free_port()
    assert len(set(ports)) == len(ports)
    command, wanted = {"mlserver": mlserver, "triton": triton}[kind](local_root, folder, ports)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, **wanted},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        made = Serving(process, f"http://127.0.0.1:{http}", f"grpc://127.0.0.1:{grpc}")
        wait_ready(made)
        yield made
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)


@pytest.fixture(scope="module")
def server(
    kind: str, local_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serving]:
    with serving(kind, local_root, tmp_path_factory.mktemp(kind)) as made:
        yield made


def wait_ready(made: Serving) -> None:
    client = made.at("http")
    end = time.monotonic() + 120
    while not client.ready():
        assert made.process.poll() is None, "the server ended"
        assert time.monotonic() < end, "the server is not ready after two minutes"
        time.sleep(0.2)
    client.close()


def needs(name: str, value: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not value, reason=f"{name} is not set")


KINDS = [
    pytest.param("mlserver", marks=needs("THREEGATE_TEST_MLSERVER", MLSERVER)),
    pytest.param("triton", marks=needs("THREEGATE_TEST_TRITON", TRITON)),
]


@pytest.mark.kserve
@pytest.mark.parametrize("kind", KINDS, scope="module")
@pytest.mark.parametrize("scheme", ["http", "grpc"])
class TestAgainstAServer:
    async def test_same_answers_as_here(
        self, kind: str, server: Serving, scheme: str, local_root: Path, remote_root: Path
    ) -> None:
        backend = server.at(scheme)
        assert backend.ready()
        here = Engine.open(local_root, ["guard"], gpu=False, report=lambda _: None)
        there = Engine.open(
            remote_root, ["guard"], remote={"guard": backend}, report=lambda _: None
        )
        assert await there.classify("guard", TEXTS) == await here.classify("guard", TEXTS)
        for part in (here, there, backend):
            part.close()

    def test_unknown_model_is_an_error(
        self, kind: str, server: Serving, scheme: str, remote_root: Path
    ) -> None:
        backend = server.at(scheme, "nobody")
        assert not backend.ready()
        with pytest.raises(ClassifierError, match=UNKNOWN):
            Engine.open(remote_root, ["guard"], remote={"guard": backend}, report=lambda _: None)
        backend.close()

    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
    async def test_its_death_is_told_within_the_deadline(
        self,
        kind: str,
        scheme: str,
        how: signal.Signals,
        local_root: Path,
        remote_root: Path,
        tmp_path: Path,
    ) -> None:
        """Killed it refuses, stopped it is silent: both are an error and no answer."""
        with serving(kind, local_root, tmp_path) as dying:
            backend = dying.at(scheme)
            there = Engine.open(
                remote_root, ["guard"], remote={"guard": backend}, report=lambda _: None
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
        Engine.open(remote_root, ["guard"], remote={"guard": backend}, report=lambda _: None)
    backend.close()


def test_a_server_of_another_kind_is_an_error() -> None:
    with pytest.raises(
        ModelError, match=r"model guard: its server is http\(s\):// or grpc\(s\)://"
    ):
        at("ftp://127.0.0.1", "guard")
