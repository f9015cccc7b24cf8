"""How texts reach a deployment and come back, with a real proxy."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from threegate.testing.attacks.deployment import PLACES, Deployment, Place, Way

from tests.e2e.support.running import proxy

MOBILE = "13917352846"
HARMLESS = "The meeting is on Wednesday."
STOPPED = "我不想活了"


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with (
        proxy(tmp_path_factory.mktemp("deployment")) as made,
        httpx.Client(base_url=made.url) as client,
    ):
        yield Deployment(client)


@pytest.mark.parametrize("place", PLACES, ids=lambda p: p.name)
def test_findings_go_with_their_text(deployment: Deployment, place: Place) -> None:
    texts = [HARMLESS, f'the "number" is {MOBILE}\nand more', HARMLESS]
    first, found, last = deployment.judged(place, texts)
    assert [first.text, last.text] == [HARMLESS, HARMLESS]
    assert [first.kinds, last.kinds] == [frozenset(), frozenset()]
    assert found.text is not None
    assert MOBILE not in found.text
    assert found.text.startswith('the "number" is ')
    assert found.text.endswith("\nand more")
    assert len(found.kinds) == 1


def test_one_that_stops_hides_nothing_of_the_others(deployment: Deployment) -> None:
    made = deployment.judged(Place(Way.REQUEST, "user"), [HARMLESS, STOPPED, HARMLESS])
    assert [j.text for j in made] == [HARMLESS, None, HARMLESS]
    assert len({j.record for j in made}) == 3
