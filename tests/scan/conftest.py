from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from threegate.scan.open import scanner
from threegate.scan.scanner import Scanner
from threegate_classifiers.testing import build_tiny_models


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real ONNX models that answer by word lists."""
    return build_tiny_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def tiny(tiny_models: Path) -> Iterator[Scanner]:
    with scanner(tiny_models, threads=2, report=lambda _: None) as made:
        yield made


@pytest.fixture(scope="session")
def patterns() -> Iterator[Scanner]:
    with scanner(None) as made:
        yield made
