from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate_classifiers.errors import ModelError
from threegate_classifiers.manifest import VECTORS, read_manifest
from threegate_classifiers.remote import at
from threegate_classifiers.runtime import Engine
from threegate_classifiers.testing import build_vectors, write_manifest
from threegate_classifiers.vectors import Vectors, nearness

GROUPS = (("car", "vehicle", "车"), ("child", "kid", "孩"))
TEXTS = st.lists(
    st.sampled_from(["car", "a kid", "车 孩", "", "nothing", "car kid kid"]), min_size=1
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_vectors(tmp_path_factory.mktemp("models"), "evidence", GROUPS)


@pytest.fixture(scope="module")
def vectors(folder: Path) -> Vectors:
    return Vectors(folder, read_manifest(folder))


def test_what_means_the_same_is_near(vectors: Vectors) -> None:
    made = vectors.of(["the car", "一 车", "the kid", "car kid", "rain", ""])
    near = nearness(made, vectors.of(["vehicle"])[0])
    assert near.tolist() == pytest.approx([1, 1, 0, 0.5**0.5, 0, 0])
    assert np.linalg.norm(made, axis=1).tolist() == pytest.approx([1, 1, 1, 1, 0, 0])


@given(texts=TEXTS, at=st.integers(0, 100))
def test_a_vector_does_not_depend_on_its_company(
    vectors: Vectors, texts: list[str], at: int
) -> None:
    at %= len(texts)
    made = vectors.of(texts)
    (alone,) = vectors.of([texts[at]])
    assert made[at].tobytes() == alone.tobytes()
    claim = vectors.of(["car kid"])[0]
    assert nearness(made, claim)[at] == nearness(alone[None], claim)[0]


def test_weights_are_mapped_and_cannot_be_changed(vectors: Vectors) -> None:
    assert isinstance(vectors._table, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        vectors._table["scale"][0] = 1


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.zeros(3, [("scale", "<f4"), ("row", "i1", (2,))]), "3 vectors for"),
        (np.zeros((3, 2), np.float32), "records of scale and row"),
        (np.zeros(3, [("scale", "<f4"), ("row", "i1")]), "records of scale and row"),
    ],
)
def test_a_file_that_does_not_fit_is_no_model(
    tmp_path: Path, table: np.ndarray, message: str
) -> None:
    folder = build_vectors(tmp_path, "evidence", GROUPS)
    np.save(folder / VECTORS, table)
    with pytest.raises(ModelError, match=message):
        Vectors(folder, read_manifest(folder))


def test_a_file_with_objects_is_not_opened(tmp_path: Path) -> None:
    folder = build_vectors(tmp_path, "evidence", GROUPS)
    np.save(folder / VECTORS, np.array([{}], object), allow_pickle=True)
    with pytest.raises(ModelError, match=VECTORS):
        Vectors(folder, read_manifest(folder))


def test_missing_weights_are_an_error_at_load(tmp_path: Path) -> None:
    folder = build_vectors(tmp_path, "evidence", GROUPS)
    (folder / VECTORS).unlink()
    with pytest.raises(ModelError, match=r"vectors\.npy: no such file"):
        Engine.open(tmp_path, ["evidence"], report=lambda _: None)


def test_runs_on_no_other_server(folder: Path) -> None:
    elsewhere = {"evidence": at("http://127.0.0.1:1", "evidence")}
    with pytest.raises(ModelError, match="runs here, not on another server"):
        Engine.open(folder.parents[1], ["evidence"], remote=elsewhere, report=lambda _: None)


def test_engine_knows_it_by_name(folder: Path) -> None:
    said: list[str] = []
    engine = Engine.open(folder.parents[1], ["evidence"], report=said.append)
    assert said == ["model evidence/1 runs on the processor (CPU)"]
    assert engine.vectors("evidence").of(["car"]).shape == (1, 2)
    with pytest.raises(ModelError, match="guard is not open"):
        engine.vectors("guard")
    engine.close()


def test_labels_are_no_part_of_its_manifest(tmp_path: Path) -> None:
    folder = build_vectors(tmp_path, "evidence", GROUPS)
    head = {"name": "evidence", "version": "1", "task": "embed", "licence": "MIT"}
    write_manifest(folder, head | {"labels": ["a"]})
    with pytest.raises(ModelError, match="unknown key: labels"):
        read_manifest(folder)
    write_manifest(folder, head)
    assert read_manifest(folder).labels == ()
