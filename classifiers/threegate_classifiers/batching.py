"""The bounded queue between callers and a model, which makes batches by a token budget.

Rows are tokenised before they come here. Worker threads take what fits one run; while a run is in
progress, further rows gather for the next batch, so a row never waits for a batch to fill while a
thread is idle. Calls take turns. A row whose waiter is gone or whose deadline has passed is dropped
when it is taken.

State of a row: queued -> running -> done; queued -> cancelled (waiter gone); queued -> timed out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from threegate_classifiers.errors import ClassifierError, Overloaded, TimedOut
from threegate_classifiers.tokenize import Row
from threegate_classifiers.turns import Turns

Logits = NDArray[np.float32]
Run = Callable[[Sequence[Row]], list[Logits]]
"""Rows to one array each, in order; padding and its removal are the callee's."""

MAX_QUEUED_TOKENS = 1 << 17
"""About half a minute of work of one core; who waits longer has given up. Counted is what is taken
before the last row of a call. One call may be larger than this if it finds the queue empty: a long
text is slow, not impossible."""

MAX_BATCH_TOKENS = 4096
"""Padding counted: rows of a batch times the longest of them."""


@dataclass(frozen=True, slots=True)
class _Item:
    row: Row
    deadline: float
    future: Future[Logits] = field(default_factory=Future)


class Batcher:
    """Runs rows in `workers` threads. `batch_tokens` 0 runs every row alone."""

    def __init__(
        self,
        run: Run,
        *,
        name: str,
        workers: int = 1,
        batch_tokens: int = MAX_BATCH_TOKENS,
        queued_tokens: int = MAX_QUEUED_TOKENS,
    ) -> None:
        self._run = run
        self._batch_tokens = batch_tokens
        self._limit = queued_tokens
        self._queue: Turns[_Item] = Turns(lambda item: len(item.row.ids))
        self._closed = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{i}", daemon=True)
            for i in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def queued(self) -> int:
        """Tokens of the rows that wait; those of a run under way do not."""
        with self._changed:
            return self._queue.size

    def submit(self, rows: Sequence[Row], deadline_s: float) -> list[Future[Logits]]:
        """One future per row. Raises Overloaded, and queues none, when they do not all fit."""
        items = [_Item(row, time.monotonic() + deadline_s) for row in rows]
        tokens = sum(len(row.ids) for row in rows)
        with self._changed:
            if self._closed:
                raise ClassifierError("the engine is closed")
            if self._queue and self._queue.ahead(tokens) + tokens > self._limit:
                raise Overloaded(f"{self.queued} tokens are queued, {tokens} more do not fit")
            self._queue.add(items)
            self._changed.notify(len(items))
        return [item.future for item in items]

    def close(self) -> None:
        """Answer what is queued with an error and end the threads."""
        with self._changed:
            self._closed = True
            left = self._queue.clear()
            self._changed.notify_all()
        for item in left:
            if item.future.set_running_or_notify_cancel():
                item.future.set_exception(ClassifierError("the engine is closed"))
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (batch := self._take()) is not None:
            if batch:
                self._answer(batch)

    def _take(self) -> list[_Item] | None:
        """The next rows that someone still waits for; None when closed."""
        with self._changed:
            while not self._queue:
                if self._closed:
                    return None
                self._changed.wait()
            items = self._pop()
        return [item for item in items if _still_wanted(item)]

    def _pop(self) -> list[_Item]:
        taken: list[_Item] = []
        longest = 0
        while self._queue:
            longest = max(longest, len(self._queue.first().row.ids))
            if taken and longest * (len(taken) + 1) > self._batch_tokens:
                break
            taken.append(self._queue.take())
        return taken

    def _answer(self, batch: list[_Item]) -> None:
        try:
            results = self._run([item.row for item in batch])
        except Exception as error:  # whatever the backend raises is the waiters' to see
            for item in batch:
                item.future.set_exception(_as_ours(error))
            return
        for item, logits in zip(batch, results, strict=True):
            item.future.set_result(logits)


def _still_wanted(item: _Item) -> bool:
    if not item.future.set_running_or_notify_cancel():
        return False
    if time.monotonic() > item.deadline:
        item.future.set_exception(TimedOut("the deadline passed in the queue"))
        return False
    return True


def _as_ours(error: Exception) -> ClassifierError:
    """The type only: messages of a backend may quote what it was given."""
    if isinstance(error, ClassifierError):
        return error
    return ClassifierError(f"the model failed: {type(error).__name__}")


def pad(rows: Sequence[Row], pad_id: int) -> dict[str, Any]:
    """Arrays [rows, longest] of int64 by the names that models use."""
    width = max(len(row.ids) for row in rows)
    ids = np.full((len(rows), width), pad_id, np.int64)
    mask = np.zeros_like(ids)
    types = np.zeros_like(ids)
    for i, row in enumerate(rows):
        size = len(row.ids)
        ids[i, :size], mask[i, :size], types[i, :size] = row.ids, 1, row.types
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
