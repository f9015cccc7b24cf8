"""The pack of these tests, compiled."""

from __future__ import annotations

import pytest
from threegate.policy.model import CompiledPolicy

from tests.policy.packs import built


@pytest.fixture(scope="module")
def shop() -> CompiledPolicy:
    return built()
