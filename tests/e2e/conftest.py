from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.support.running import Running, proxy

OFF = """\
pack: "off"
title: {zh: 关闭, en: Nothing is checked}
version: '1'
rules:
  - id: off.nothing
    title: {zh: 不检查, en: Nothing}
    owner: platform
    why: [house.business]
    layer: input
    where: [user]
    detect: {any: [pii.email]}
    then: {flag: {}}
    mode: "off"
    tests: {match: ["a@example.com"], no_match: ["nothing"]}
    review_by: 2027-06-30
"""


@pytest.fixture(scope="package")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with proxy(tmp_path_factory.mktemp("guarded")) as made:
        yield made


@pytest.fixture(scope="package")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Policy off: no rule at all."""
    root = tmp_path_factory.mktemp("off")
    packs: Path = root / "policies" / "packs"
    packs.mkdir(parents=True)
    (packs / "off.yaml").write_text(OFF, "utf-8")
    with proxy(root / "var", root / "policies", packs=("off",)) as made:
        yield made
