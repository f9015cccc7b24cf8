"""The port with TLS: real channels of gRPC, with and without a certificate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from threegate.service.ext_proc.messages import BodyMode
from threegate.service.ext_proc.server import ext_proc_server
from threegate.settings.errors import SettingsError

from tests.audit.feeds.receivers import certificate
from tests.service.ext_proc.conftest import Processor
from tests.service.ext_proc.played import playing


@contextmanager
def listening(processor: Processor, **settings: str) -> Iterator[int]:
    """A port of its own of the same guard."""
    deps = processor.running.deps
    changed = replace(deps, settings=replace(deps.settings, **settings))  # type: ignore[arg-type]
    stack = AsyncExitStack()

    async def start() -> int:
        return await stack.enter_async_context(ext_proc_server(changed))

    port = processor.running.run(start())
    yield port
    processor.running.run(stack.aclose())


def served(port: int, credentials: grpc.ChannelCredentials | None) -> bool:
    """Whether a request is answered over this channel."""
    with playing(port, credentials) as envoy:
        envoy.request(BodyMode.BUFFERED)
        try:
            return bool(envoy.next().HasField("request_headers"))
        except grpc.RpcError:
            return envoy.ended() is not grpc.StatusCode.UNAVAILABLE


def test_only_tls_is_served_and_only_to_who_trusts_the_certificate(
    processor: Processor, tmp_path: Path
) -> None:
    cert, key = certificate(tmp_path / "ours")
    other, _ = certificate(tmp_path / "other")
    with listening(processor, ext_proc_cert=str(cert), ext_proc_key=str(key)) as port:
        assert served(port, grpc.ssl_channel_credentials(cert.read_bytes()))
        assert not served(port, grpc.ssl_channel_credentials(other.read_bytes()))
        assert not served(port, None)


def test_with_a_client_ca_envoy_must_present_its_certificate(
    processor: Processor, tmp_path: Path
) -> None:
    cert, key = certificate(tmp_path / "ours")
    envoys, envoys_key = certificate(tmp_path / "envoy")
    stranger, strangers_key = certificate(tmp_path / "stranger")
    files = {"ext_proc_cert": str(cert), "ext_proc_key": str(key)}

    def by(chain: Path, private: Path) -> grpc.ChannelCredentials:
        pair = private.read_bytes(), chain.read_bytes()
        return grpc.ssl_channel_credentials(cert.read_bytes(), *pair)

    with listening(processor, **files, ext_proc_client_ca=str(envoys)) as port:
        assert served(port, by(envoys, envoys_key))
        assert not served(port, by(stranger, strangers_key))
        assert not served(port, grpc.ssl_channel_credentials(cert.read_bytes()))


@pytest.mark.parametrize("wrong", ["no key", "no file", "another's key", "no PEM", "only a CA"])
def test_files_that_cannot_be_used_stop_the_start(
    processor: Processor, tmp_path: Path, wrong: str
) -> None:
    cert, key = certificate(tmp_path / "ours")
    _, other = certificate(tmp_path / "other")
    (tmp_path / "text").write_text("text")
    given: dict[str, dict[str, object]] = {
        "no key": {"ext_proc_cert": cert},
        "no file": {"ext_proc_cert": cert, "ext_proc_key": tmp_path / "none"},
        "another's key": {"ext_proc_cert": cert, "ext_proc_key": other},
        "no PEM": {"ext_proc_cert": tmp_path / "text", "ext_proc_key": key},
        "only a CA": {"ext_proc_client_ca": cert},
    }
    settings = {name: str(path) for name, path in given[wrong].items()}
    with pytest.raises(SettingsError, match="ext_proc_cert"), listening(processor, **settings):
        pass
