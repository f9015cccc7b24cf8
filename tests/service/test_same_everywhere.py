"""The same conversation through proxy, service and library, in process and remote: equal verdicts,
equal masks, one record each. LiteLLM's hook: `test_litellm_proxy`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from threegate import Guard

from tests.e2e.support.running import ROOT, Running, proxy
from tests.service.conversations import CONVERSATIONS, agrees, checked, rulings, through_proxy
from tests.service.records import events


def through_service(
    served: Running, messages: list[dict[str, str]], name: str, said: str
) -> dict[str, Any]:
    asked = {"conversation": name, "model": "deepseek-r1", "stage": "both"}
    turns = [*messages, {"role": "assistant", "content": said}]
    got = httpx.post(f"{served.url}/v1/guard/check", json={**asked, "messages": turns}).json()
    return checked(got["messages"], got["answer"], events(served, got["id"]))


def through_library(
    guard: Guard, var: Path, messages: list[dict[str, str]], name: str, said: str
) -> dict[str, Any]:
    turns = [*messages, {"role": "assistant", "content": said}]
    got = guard.check(messages=turns, stage="both", conversation=name, model="deepseek-r1")
    assert got.answer is not None
    return checked(got.messages, got.answer, events(var, got.id))


@pytest.fixture(scope="module")
def secret() -> Iterator[str]:
    """One for all, as for replicas."""
    name = "THREEGATE_TEST_SECRET"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, "one secret for all of them")
        yield name


@pytest.fixture(scope="module")
def shared(secret: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    var = tmp_path_factory.mktemp("shared")
    with proxy(var, secret_env=secret, environment=dict(os.environ)) as made:
        yield made


@pytest.mark.parametrize(
    ("messages", "removed"),
    list(zip(CONVERSATIONS, ("[密钥已删除]", "[secret removed]"), strict=True)),
    ids=["zh", "en"],
)
def test_all_of_them_agree(
    shared: Running, secret: str, tmp_path: Path, messages: list[dict[str, str]], removed: str
) -> None:
    proxied = through_proxy(shared, messages, "same")
    asked = (messages, "same", proxied["said"])
    own = Guard(policies=ROOT / "policies", classifiers="off", var=tmp_path, secret_env=secret)
    with own, Guard(shared.url) as remote:
        others = [
            through_service(shared, *asked),
            through_library(own, tmp_path, *asked),
            through_library(remote, shared.var, *asked),
        ]
    assert removed in proxied["got"]
    assert rulings(proxied["events"][-1], "input")
    for other in others:
        assert len(other["events"]) == 1
        agrees(other, proxied)
