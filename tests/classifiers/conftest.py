"""Tiny real models: a word list as ONNX graph, see `threegate_classifiers.testing`."""

from __future__ import annotations

from pathlib import Path

import pytest
from threegate_classifiers.runtime import Engine
from threegate_classifiers.testing import build_model

GUARD = {"injection.direct": ["ignore", "忽"], "offensive": ["stupid", "蠢"]}
ENTITIES = {
    "O": ["met", "in"],
    "B-PERSON": ["Ada", "王"],
    "I-PERSON": ["Lovelace", "小", "明"],
    "B-ORG": ["Acme"],
    "I-ORG": ["Corp"],
}
GROUNDING = {"supported": ["yes"], "contradicted": ["no"], "nei": ["maybe"]}


@pytest.fixture(scope="session")
def models_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    build_model(root, "guard", "classify", GUARD, sentences=["the quick brown fox", "今天天气很好"])
    build_model(root, "small8", "classify", GUARD, quantise=True)
    build_model(root, "entities", "tag", ENTITIES)
    build_model(root, "grounding", "entail", GROUNDING, sentences=["the sky is blue"])
    return root


@pytest.fixture
def engine(models_root: Path) -> Engine:
    names = ("guard", "small8", "entities", "grounding")
    opened = Engine.open(models_root, names, threads=2, gpu=False, report=lambda _: None)
    yield opened
    opened.close()
