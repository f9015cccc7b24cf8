from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.support.running import Running, proxy


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with proxy(tmp_path_factory.mktemp("served")) as made:
        yield made
