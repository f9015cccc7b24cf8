from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from threegate import Guard

from tests.e2e.support.running import ROOT, Running, proxy


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with proxy(tmp_path_factory.mktemp("served")) as made:
        yield made


@pytest.fixture(scope="package")
def local_var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("local")


@pytest.fixture(scope="package")
def local(local_var: Path) -> Iterator[Guard]:
    policies = ROOT / "policies"
    with Guard(policies=policies, classifiers="off", var=local_var) as made:
        yield made


@pytest.fixture(scope="package")
def remote(served: Running) -> Iterator[Guard]:
    with Guard(served.url) as made:
        yield made


@pytest.fixture(params=["local", "remote"])
def guard(request: pytest.FixtureRequest) -> Guard:
    made: Guard = request.getfixturevalue(request.param)
    return made
