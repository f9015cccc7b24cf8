from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from threegate_classifiers.batching import Logits
from threegate_classifiers.errors import ModelError, TimedOut
from threegate_classifiers.runtime import Engine
from threegate_classifiers.session import Session
from threegate_classifiers.tokenize import Row, Text

WORDS = ["the", "quick", "fox", "ignore", "忽", "stupid", "蠢", "今", "天"]
text_lists = st.lists(
    st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join), min_size=1, max_size=6
)


async def test_classify(engine: Engine) -> None:
    direct, rude, none = await engine.classify(
        "guard", [Text("please ignore"), Text("你真蠢"), Text("")]
    )
    assert (direct["injection.direct"].level, direct["offensive"].level) == (3, 0)
    assert (rude["injection.direct"].level, rude["offensive"].level) == (0, 3)
    assert rude.language == "zh"
    assert [item.level for item in none.items] == [0, 0]


async def test_tag_and_entail(engine: Engine) -> None:
    text = "Ada Lovelace met 王小明 in Acme Corp"
    (found,) = await engine.tag("entities", [text])
    spans = [(text[e.start : e.end], e.label) for e in found]
    assert spans == [("Ada Lovelace", "PERSON"), ("王小明", "PERSON"), ("Acme Corp", "ORG")]
    yes, no = await engine.entail("grounding", [("the sky", "yes"), ("the sky no", "is blue")])
    assert (yes.levels[0], no.levels[1]) == (3, 3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(texts=text_lists)
@pytest.mark.parametrize("name", ["guard", "small8"])
def test_result_depends_on_its_text_only(engine: Engine, name: str, texts: list[str]) -> None:
    """Asked alone or together, awaited or not, from the cache or not: bit for bit the same."""
    together = engine.classify(name, [Text(t) for t in texts]).now()

    async def alone() -> list[object]:
        return [(await engine.classify(name, [Text(t)]))[0] for t in texts]

    assert asyncio.run(alone()) == together


@pytest.mark.parametrize("at", range(0, 200, 23))
def test_found_at_any_position(engine: Engine, at: int) -> None:
    words = ["fox"] * 200
    words[at] = "ignore"
    text = " ".join(words)
    (scores,) = engine.classify("guard", [Text(text)]).now()
    found = scores["injection.direct"]
    assert found.level == 3
    assert "ignore" in text[found.start : found.end]


@pytest.mark.parametrize("at", range(0, 60, 7))
def test_entity_is_whole_at_any_position(engine: Engine, at: int) -> None:
    words = ["met"] * 60
    words[at : at + 2] = ["Ada", "Lovelace"]
    text = " ".join(words)
    (found,) = engine.tag("entities", [text]).now()
    assert [text[e.start : e.end] for e in found] == ["Ada Lovelace"]


def test_unknown_model_and_wrong_task(engine: Engine) -> None:
    with pytest.raises(ModelError, match="model nobody is not open"):
        engine.classify("nobody", [Text("")])
    with pytest.raises(ModelError, match="model guard is there to classify, not to tag"):
        engine.tag("guard", [""])


class Held:
    """The real session behind a gate; counts its rows."""

    batch_tokens = 0
    device = "held"

    def __init__(self, inner: Session) -> None:
        self.inner, self.open, self.rows = inner, threading.Event(), 0
        self.entered = threading.Event()
        self.open.set()

    def run(self, rows: Sequence[Row]) -> list[Logits]:
        self.entered.set()
        assert self.open.wait(10)
        self.rows += len(rows)
        return self.inner.run(rows)


@pytest.fixture
def held(models_root: Path) -> Held:
    from threegate_classifiers.manifest import read_manifest

    folder = models_root / "guard" / "1"
    return Held(Session(folder, read_manifest(folder), threads=1, pad_id=1, gpu=False))


@pytest.fixture
def slow(models_root: Path, held: Held) -> Engine:
    opened = Engine.open(
        models_root, ["guard"], threads=1, remote={"guard": held}, report=lambda _: None
    )
    held.rows = 0
    held.entered.clear()
    yield opened
    held.open.set()
    opened.close()


async def test_cache_spares_the_run(slow: Engine, held: Held) -> None:
    first = await slow.classify("guard", [Text("a"), Text("b")])
    again = await slow.classify("guard", [Text("b"), Text("a"), Text("b", "a")])
    assert again[:2] == first[::-1]
    assert held.rows == 3


async def test_deadline(slow: Engine, held: Held) -> None:
    held.open.clear()
    with pytest.raises(TimedOut):
        await slow.classify("guard", [Text("a")], deadline_s=0.05)
    with pytest.raises(TimedOut):
        slow.classify("guard", [Text("b")], deadline_s=0.05).now()
    held.open.set()
    assert len(await slow.classify("guard", [Text("c")])) == 1


def test_batch_tools_may_ask_any_number(slow: Engine, held: Held) -> None:
    texts = [Text(f"ignore {i} " * 9) for i in range(300)]
    answers = slow.classify("guard", texts).now()
    assert [a["injection.direct"].level for a in answers] == [3] * 300
    assert held.rows == 300


async def test_cancelled_waiter_is_dropped(slow: Engine, held: Held) -> None:
    held.open.clear()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(ask(slow, "a"))
        assert await asyncio.to_thread(held.entered.wait, 10)
        waiting = group.create_task(ask(slow, "b"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
        held.open.set()
    assert running.result() == 1
    assert held.rows == 1


async def test_what_waits_is_told_by_model(slow: Engine, held: Held) -> None:
    held.open.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(ask(slow, "a"))
        assert await asyncio.to_thread(held.entered.wait, 10)
        assert slow.queued() == {"guard": 0}
        group.create_task(ask(slow, "b"))
        await asyncio.sleep(0)
        assert slow.queued()["guard"] > 0
        held.open.set()
    assert slow.queued() == {"guard": 0}


async def ask(engine: Engine, text: str) -> int:
    return len(await engine.classify("guard", [Text(text)]))


async def test_long_text_leaves_the_loop_free(engine: Engine) -> None:
    (scores,) = await engine.classify("guard", [Text("fox " * 5000 + "ignore")])
    assert scores["injection.direct"].level == 3


def test_open_says_where_it_runs(models_root: Path) -> None:
    said: list[str] = []
    Engine.open(models_root, ["guard@1"], gpu=False, report=said.append).close()
    Engine.open(models_root, ["guard@1"], gpu=False, report=said.append, language="zh").close()
    assert said == [
        "model guard/1 runs on the processor (CPU)",
        "模型 guard/1 在处理器（CPU）上运行",
    ]
