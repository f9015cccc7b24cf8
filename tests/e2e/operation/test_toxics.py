"""Bad networks before the model API, in every API, whole and streamed: what arrives is whole or the
client gets a clear error, the record says which, and the next call is served."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from threegate.settings import UpstreamSettings

from tests.e2e.operation.test_faults import stages
from tests.e2e.support import toxics
from tests.e2e.support.fidelity import request
from tests.e2e.support.running import Running, proxy
from tests.e2e.support.toxics import Toxic, ToxicProxy
from tests.e2e.test_endings import PATHS
from tests.scripted_upstream import ScriptedUpstream
from tests.serving import serve
from tests.waiting import eventually

HARMLESS = (toxics.latency, toxics.bandwidth, toxics.slicer, toxics.slow_close)
BREAKING = {toxics.limit_data: 502, toxics.reset_peer: 502, toxics.garbage: 502}
SAID = "tell me about toxics"
END = {
    "chat": "data: [DONE]",
    "completions": "data: [DONE]",
    "responses": "event: response.completed",
    "messages": "event: message_stop",
}
every = pytest.mark.parametrize("api", PATHS)
both = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@dataclass
class Rig:
    """A proxy behind a bad network, and one that waits half a second only."""

    network: ToxicProxy
    patient: Running
    hasty: Running


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with serve(ScriptedUpstream().app) as url, closing(ToxicProxy(url)) as network:
        slow = UpstreamSettings(network.url, failures=10**6)
        quick = UpstreamSettings(network.url, failures=10**6, first_byte_s=0.5, idle_s=0.5)
        with (
            proxy(tmp_path_factory.mktemp("patient"), upstreams=(slow,)) as patient,
            proxy(tmp_path_factory.mktemp("hasty"), upstreams=(quick,)) as hasty,
        ):
            yield Rig(network, patient, hasty)


def asked(running: Running, api: str, stream: bool) -> httpx.Response:
    return httpx.post(running.url + PATHS[api], json=request(api, stream=stream, text=SAID))


def texts(reply: httpx.Response, *, stream: bool) -> str:
    if not stream:
        return str(reply.json())
    lines = [line[6:] for line in reply.text.splitlines() if line.startswith("data: {")]
    return "".join(text for line in lines for text in _deltas(json.loads(line)))


def _deltas(value: Any) -> Iterator[str]:
    for name, below in value.items() if isinstance(value, dict) else ():
        if isinstance(below, str) and name in ("content", "text", "delta"):
            yield below
        else:
            for one in below if isinstance(below, list) else [below]:
                yield from _deltas(one)


def recorded(running: Running, reply: httpx.Response, stage: str) -> bool:
    request_id = reply.headers["x-threegate-request-id"]
    return eventually(lambda: stages(running, request_id) == [stage])


@every
@both
@pytest.mark.parametrize("toxic", HARMLESS, ids=lambda t: t.__name__)
def test_an_answer_that_arrives_slowly_is_whole(
    rig: Rig, toxic: Toxic, api: str, stream: bool
) -> None:
    with rig.network.use(toxic):
        reply = asked(rig.patient, api, stream)
    assert reply.status_code == 200
    assert SAID in texts(reply, stream=stream)
    assert END[api] in reply.text or not stream
    assert recorded(rig.patient, reply, "completed")


@every
@both
@pytest.mark.parametrize("toxic", BREAKING, ids=lambda t: t.__name__)
def test_an_answer_that_breaks_is_an_error(rig: Rig, toxic: Toxic, api: str, stream: bool) -> None:
    """A stream whose answer had begun has status 200 and an error event instead of its end."""
    with rig.network.use(toxic):
        reply = asked(rig.patient, api, stream)
    begun = stream and toxic is not toxics.garbage
    assert reply.status_code == (200 if begun else BREAKING[toxic])
    assert '"error"' in reply.text
    assert END[api] not in reply.text
    assert recorded(rig.patient, reply, "aborted")
    assert asked(rig.patient, api, stream).status_code == 200


@every
@both
def test_a_model_api_that_is_down(rig: Rig, api: str, stream: bool) -> None:
    with rig.network.down():
        reply = asked(rig.patient, api, stream)
    assert reply.status_code == 502
    assert recorded(rig.patient, reply, "aborted")
    assert asked(rig.patient, api, stream).status_code == 200


@every
@both
def test_an_answer_that_never_comes(rig: Rig, api: str, stream: bool) -> None:
    with rig.network.use(toxics.timeout):
        reply = asked(rig.hasty, api, stream)
    assert reply.status_code == 504
    assert recorded(rig.hasty, reply, "aborted")
