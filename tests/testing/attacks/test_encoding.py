"""The encoding suite against a real proxy: what is promised holds, and what does not is seen."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from threegate.testing.attacks import encoding
from threegate.testing.attacks.deployment import PLACES, Deployment, Way
from threegate.testing.attacks.transforms import KEEP_LENGTH
from threegate.testing.attacks.trials import Kind, Trial

from tests.e2e.conftest import OFF
from tests.e2e.support.running import proxy

VALUES = 3
"""One of each kind; `scripts/attack` tries 200."""


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> list[Trial]:
    with proxy(tmp_path_factory.mktemp("encoding")) as made, _client(made.url) as client:
        return list(encoding.trials(Deployment(client), VALUES, 7))


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    root = tmp_path_factory.mktemp("off")
    packs = root / "policies" / "packs"
    packs.mkdir(parents=True)
    (packs / "off.yaml").write_text(OFF, "utf-8")
    with proxy(root / "var", root / "policies", packs=("off",)) as made, _client(made.url) as one:
        yield one


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url)


def test_every_promise_holds(trials: list[Trial]) -> None:
    assert [(t.place, t.name, t.held, t.tried) for t in trials if t.broken] == []


def test_every_place_is_tried_with_every_kind(trials: list[Trial]) -> None:
    assert {t.place for t in trials} == {p.name for p in PLACES}
    assert {(t.place, t.kind) for t in trials} == {(p.name, k) for p in PLACES for k in Kind}
    assert len({t.name for t in trials if t.kind is Kind.ATTACK}) > 80


def test_streams_promise_only_what_keeps_the_length(trials: list[Trial]) -> None:
    """What a stream does not undo passes: if it held, the limits page would say too little."""
    streamed = [t for t in trials if t.place.startswith(Way.STREAM) and t.kind is Kind.ATTACK]
    assert {t.name for t in streamed if t.promised} == {encoding.PLAIN, *KEEP_LENGTH}
    assert all(t.held == 0 for t in streamed if t.name in ("base64", "html hex", "starred"))


def test_where_nothing_is_checked_every_attack_fails_and_every_twin_holds(
    unguarded: httpx.Client,
) -> None:
    made = list(encoding.trials(Deployment(unguarded), 1, 7))
    assert [t for t in made if t.kind is Kind.ATTACK and t.held] == []
    assert [t for t in made if t.kind is Kind.TWIN and not t.passed] == []
