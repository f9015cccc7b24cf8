from __future__ import annotations

from pathlib import Path

import pytest
from threegate_classifiers.testing import build_tiny_models


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real ONNX models that answer by word lists."""
    return build_tiny_models(tmp_path_factory.mktemp("models"))
