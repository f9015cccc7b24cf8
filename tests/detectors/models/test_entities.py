from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.models.entities import EntitiesDetector, lines
from threegate.policy.kinds import KINDS
from threegate.types import Channel, Layer, Level, Passage, Span, TextLocation
from threegate_classifiers.registry import SHIPPED
from threegate_classifiers.runtime import Engine
from threegate_classifiers.testing import build_tiny_models

LOCUS = TextLocation(Layer.INPUT, Channel.USER)
TEXT = "Ada Lovelace met 王小明 in Acme Corp"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    root = build_tiny_models(tmp_path_factory.mktemp("models"))
    opened = Engine.open(root, ["entities"], gpu=False, report=lambda _: None)
    yield opened
    opened.close()


async def find(engine: Engine, text: str) -> list[tuple[str, str]]:
    (answer,) = await EntitiesDetector(engine).judge([Passage(LOCUS, text)])
    assert isinstance(answer, tuple)
    assert all(f.level is Level.HIGH for f in answer)
    return [(text[f.span.start : f.span.end], f.kind) for f in answer]


async def test_kinds_and_spans(engine: Engine) -> None:
    people = [("Ada Lovelace", "pii.person"), ("王小明", "pii.person")]
    assert await find(engine, TEXT) == [*people, ("Acme Corp", "pii.org")]


@pytest.mark.parametrize("before", [0, 13, 27, 40, 200])
async def test_whole_on_window_borders(engine: Engine, before: int) -> None:
    text = "met " * before + "Ada Lovelace" + " in" * 50
    assert await find(engine, text) == [("Ada Lovelace", "pii.person")]


async def test_never_across_lines(engine: Engine) -> None:
    assert await find(engine, "Ada\nLovelace met") == [
        ("Ada", "pii.person"),
        ("Lovelace", "pii.person"),
    ]


def test_kinds_are_known(engine: Engine) -> None:
    info = EntitiesDetector(engine).info
    assert info.kinds == ("pii.person", "pii.org")
    assert set(info.kinds) <= KINDS


@given(st.text(alphabet="ab \n", max_size=30), st.data())
def test_lines(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    span = Span(start, data.draw(st.integers(start, len(text))))
    parts = [text[s.start : s.end] for s in lines(text, span)]
    assert parts == [p.strip() for p in text[span.start : span.end].split("\n") if p.strip()]


@pytest.fixture(scope="module")
def shipped() -> Iterator[Engine]:
    opened = Engine.open(SHIPPED, ["entities"], gpu=False, report=lambda _: None)
    yield opened
    opened.close()


@pytest.mark.skipif(
    not any(SHIPPED.glob("entities/*/manifest.yaml")), reason="no trained entities model yet"
)
class TestShipped:
    @pytest.mark.parametrize(
        ("text", "person"),
        [
            ("我叫张伟，住在北京市海淀区中关村大街27号。", "张伟"),
            (
                "Please ship it to Margaret Thompson, 12 Oak Street, Springfield.",
                "Margaret Thompson",
            ),
        ],
    )
    async def test_plain_names(self, shipped: Engine, text: str, person: str) -> None:
        (answer,) = await EntitiesDetector(shipped).judge([Passage(LOCUS, text)])
        assert isinstance(answer, tuple)
        people = [text[f.span.start : f.span.end] for f in answer if f.kind == "pii.person"]
        assert person in people
        assert "pii.address" in {f.kind for f in answer}

    def test_kinds_are_known(self, shipped: Engine) -> None:
        assert set(EntitiesDetector(shipped).info.kinds) <= KINDS
