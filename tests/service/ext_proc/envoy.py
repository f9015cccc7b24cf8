"""The real Envoy before a demo model, with this guard as its external processor: one listener for
each way to send bodies."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.e2e.support.running import ROOT
from tests.waiting import PATIENCE_S

PROGRAM = os.environ.get("THREEGATE_TEST_ENVOY", "")
FILTER = "type.googleapis.com/envoy.extensions.filters.http"
DUPLEX = "FULL_DUPLEX_STREAMED"


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in held]
    for each in held:
        each.close()
    return ports


def address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def ext_proc(request: str, answer: str) -> dict[str, Any]:
    modes = {"request_body_mode": request, "response_body_mode": answer}
    if request == DUPLEX:
        modes["request_trailer_mode"] = "SEND"
    if answer == DUPLEX:
        modes["response_trailer_mode"] = "SEND"
    return {
        "name": "threegate",
        "typed_config": {
            "@type": f"{FILTER}.ext_proc.v3.ExternalProcessor",
            "grpc_service": {"envoy_grpc": {"cluster_name": "guard"}, "timeout": "0s"},
            "message_timeout": "10s",
            "allow_mode_override": True,
            "processing_mode": modes,
        },
    }


def documented() -> dict[str, Any]:
    """The filter of docs/service.md."""
    section = (ROOT / "docs/service.md").read_text("utf-8").partition("## Envoy")[2]
    block = section.partition("```yml")[2].partition("```")[0]
    made: dict[str, Any] = yaml.safe_load(block)  # noqa: TID251
    return made


def listener(port: int, filters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    router = {"name": "router", "typed_config": {"@type": f"{FILTER}.router.v3.Router"}}
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": "model", "timeout": "0s"}}]
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": f"to_{port}",
        "http_filters": [*filters, router],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    return {"name": f"l{port}", "address": address(port), "filter_chains": [chain]}


def cluster(name: str, port: int, *, http2: bool = False) -> dict[str, Any]:
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address(port)}}]}]
    made: dict[str, Any] = {
        "name": name,
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": name, "endpoints": endpoints},
    }
    if http2:
        options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
        made["typed_extension_protocol_options"] = {
            options: {
                "@type": f"type.googleapis.com/{options}",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        }
    return made


@contextmanager
def envoy(folder: Path, guard: int, model: int, given: Sequence[Any]) -> Iterator[list[str]]:
    """URLs of listeners, one for each list of filters."""
    ports = free_ports(len(given))
    listeners = [listener(*each) for each in zip(ports, given, strict=True)]
    clusters = [cluster("guard", guard, http2=True), cluster("model", model)]
    file = folder / "envoy.json"
    file.write_text(
        json.dumps({"static_resources": {"listeners": listeners, "clusters": clusters}})
    )
    log = folder / "envoy.log"
    options = ["--concurrency", "1", "-l", "warning", "--use-dynamic-base-id"]
    with log.open("wb") as out:
        process = subprocess.Popen([PROGRAM, "-c", str(file), *options], stdout=out, stderr=out)
        try:
            for port in ports:
                _wait(port, process, log)
            yield [f"http://127.0.0.1:{port}" for port in ports]
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(log.read_text()[-2000:])


def asked(url: str, text: str, **more: Any) -> httpx.Response:
    headers = more.pop("headers", {})
    body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": text}], **more}
    return httpx.post(f"{url}/v1/chat/completions", json=body, headers=headers, timeout=60)
