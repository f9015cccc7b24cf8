from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate_classifiers.batching import Batcher, Logits, pad
from threegate_classifiers.errors import ClassifierError, Overloaded, TimedOut
from threegate_classifiers.tokenize import Row
from threegate_classifiers.turns import CALL


def row(size: int, first: int = 7) -> Row:
    return Row((first,) * size, (0,) * size, ((0, 0),) * size, 0, 0)


class Gate:
    """A run that waits for `open`, and notes its batches."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Semaphore(0)
        self.batches: list[list[int]] = []

    def run(self, rows: Sequence[Row]) -> list[Logits]:
        self.batches.append([len(r.ids) for r in rows])
        self.entered.release()
        assert self.open.wait(10)
        return [np.array([r.ids[0]], np.float32) for r in rows]


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open.set()


def busy(gate: Gate, **options: int) -> Batcher:
    """A batcher whose worker is held in a run of one row of one token."""
    batcher = Batcher(gate.run, name="test", **options)
    batcher.submit([row(1)], 60)
    assert gate.entered.acquire(timeout=10)
    return batcher


def test_budget_counts_padding(gate: Gate) -> None:
    batcher = busy(gate, batch_tokens=24)
    futures = batcher.submit([row(8), row(8), row(8), row(2), row(12), row(1), row(30)], 60)
    gate.open.set()
    assert [f.result(10)[0] for f in futures] == [7] * 7
    assert gate.batches == [[1], [8, 8, 8], [2, 12], [1], [30]]
    batcher.close()


def test_zero_budget_runs_rows_alone(gate: Gate) -> None:
    batcher = busy(gate, batch_tokens=0)
    futures = batcher.submit([row(2), row(2)], 60)
    gate.open.set()
    assert len([f.result(10) for f in futures]) == 2
    assert gate.batches == [[1], [2], [2]]
    batcher.close()


def test_full_queue_takes_all_or_nothing(gate: Gate) -> None:
    batcher = busy(gate, queued_tokens=10)
    batcher.submit([row(6)], 60)
    assert batcher.queued == 6
    with pytest.raises(Overloaded, match="6 tokens are queued, 6 more do not fit"):
        batcher.submit([row(2), row(4)], 60)
    (fits,) = batcher.submit([row(4)], 60)
    gate.open.set()
    fits.result(10)
    assert batcher.queued == 0
    batcher.close()
    assert sum(map(sum, gate.batches)) == 11


def test_a_long_text_makes_no_other_call_wait_for_all_of_it(gate: Gate) -> None:
    batcher = busy(gate, batch_tokens=0, queued_tokens=100)
    CALL.set(object())
    long = [*batcher.submit([row(3)] * 9, 60), *batcher.submit([row(3)] * 9, 60)]
    CALL.set(None)
    short = batcher.submit([row(2)], 60)
    gate.open.set()
    for future in (*long, *short):
        future.result(10)
    assert gate.batches.index([2]) == 2
    batcher.close()


def test_an_empty_queue_takes_any_call() -> None:
    batcher = Batcher(
        lambda rows: [np.zeros(1, np.float32) for _ in rows], name="test", queued_tokens=4
    )
    (future,) = batcher.submit([row(9)], 60)
    future.result(10)
    batcher.close()


def test_gone_waiters_are_dropped(gate: Gate) -> None:
    batcher = busy(gate)
    gone, stays = batcher.submit([row(3), row(4)], 60)
    assert gone.cancel()
    gate.open.set()
    stays.result(10)
    assert gate.batches == [[1], [4]]
    batcher.close()


def test_late_rows_are_not_run(gate: Gate) -> None:
    batcher = busy(gate)
    (late,) = batcher.submit([row(3)], -1)
    gate.open.set()
    with pytest.raises(TimedOut):
        late.result(10)
    assert gate.batches == [[1]]
    batcher.close()


def test_close_answers_what_is_queued(gate: Gate) -> None:
    batcher = busy(gate)
    (queued,) = batcher.submit([row(3)], 60)
    closer = threading.Thread(target=batcher.close)
    closer.start()
    with pytest.raises(ClassifierError, match="closed"):
        queued.result(10)
    gate.open.set()
    closer.join(10)
    with pytest.raises(ClassifierError, match="closed"):
        batcher.submit([row(1)], 60)


def test_failure_reaches_every_waiter_without_its_message() -> None:
    def fail(rows: Sequence[Row]) -> list[Logits]:
        raise RuntimeError("a secret text")

    batcher = Batcher(fail, name="test", batch_tokens=100)
    for future in batcher.submit([row(1), row(1)], 60):
        with pytest.raises(ClassifierError, match=r"^the model failed: RuntimeError$"):
            future.result(10)
    batcher.close()


@given(sizes=st.lists(st.integers(1, 20), min_size=1, max_size=30), budget=st.integers(0, 64))
def test_each_row_is_answered_once_in_order(sizes: list[int], budget: int) -> None:
    seen: list[list[Row]] = []

    def run(rows: Sequence[Row]) -> list[Logits]:
        seen.append(list(rows))
        return [np.array([r.ids[0]], np.float32) for r in rows]

    batcher = Batcher(run, name="test", batch_tokens=budget)
    futures = batcher.submit([row(size, i) for i, size in enumerate(sizes)], 60)
    assert [int(f.result(10)[0]) for f in futures] == list(range(len(sizes)))
    batcher.close()
    assert [r.ids[0] for batch in seen for r in batch] == list(range(len(sizes)))
    for batch in seen:
        assert len(batch) == 1 or len(batch) * max(len(r.ids) for r in batch) <= budget


def test_pad() -> None:
    arrays = pad([Row((5, 6), (0, 1), ((0, 1),) * 2, 0, 1), row(1, 9)], pad_id=3)
    assert arrays["input_ids"].tolist() == [[5, 6], [9, 3]]
    assert arrays["attention_mask"].tolist() == [[1, 1], [1, 0]]
    assert arrays["token_type_ids"].tolist() == [[0, 1], [0, 0]]
