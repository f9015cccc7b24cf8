"""The engine: one interface to several models, for servers (`await`) and batch tools (`.now()`).

    scores = await engine.classify("guard", [Text("…")], deadline_s=0.5)
    scores = engine.classify("guard", [Text("…")]).now()

Every call is answered, or raises `Overloaded`, `TimedOut` or another `ClassifierError`; there is no
partial answer. A result depends on its text alone, never on what else was asked at the time.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, cast

from threegate_classifiers import results, second_reading
from threegate_classifiers.batching import Batcher, Logits
from threegate_classifiers.cache import Lru, digest
from threegate_classifiers.calibrate import language_of
from threegate_classifiers.errors import ModelError, TimedOut
from threegate_classifiers.manifest import Manifest, Task
from threegate_classifiers.places import runs_on
from threegate_classifiers.registry import Entry
from threegate_classifiers.results import Answer, Entailment, Entity, Scores
from threegate_classifiers.second_look import Asked, LookedTwice, entries, looks
from threegate_classifiers.tokenize import Row, Text, WindowTokenizer
from threegate_classifiers.vectors import Vectors

MAX_THREADS = 4
"""Default bound of the rows that one model reads at once, one thread each: two threads on one row
take 12 to 18 % more processor time for the same logits."""

DEADLINE_S = 30.0

TEXTS_AT_ONCE = 64
"""What a batch tool queues at a time, so that it leaves room for others."""

INLINE_CHARACTERS = 4096
"""Longer input is tokenised in a thread, so that it does not hold up the event loop."""

A = TypeVar("A", Scores, tuple[Entity, ...], Entailment)


class Backend(Protocol):
    """Where rows become logits: ONNX Runtime here, or a server elsewhere. `run` blocks and is
    thread-safe; `batch_tokens` 0 means one row a run."""

    batch_tokens: int
    device: str

    def run(self, rows: Sequence[Row]) -> list[Logits]: ...


@dataclass(frozen=True, slots=True)
class _Ticket:
    """One text on its way: its answer if the cache had it, else the rows that are queued."""

    text: Text
    key: bytes
    answer: Answer | None
    rows: tuple[Row, ...] = ()


class Model:
    """One opened model. `manifest` says what it is, `device` where it runs."""

    def __init__(
        self,
        manifest: Manifest,
        tokenizer: WindowTokenizer,
        backend: Backend,
        threads: int,
        cache: int,
    ) -> None:
        self.manifest = manifest
        self.device = backend.device
        self._tokenizer = tokenizer
        self._cache: Lru[Answer] = Lru(cache)
        self._batcher = Batcher(
            backend.run, name=manifest.name, workers=threads, batch_tokens=backend.batch_tokens
        )
        self.close = self._batcher.close

    @property
    def queued(self) -> int:
        """Tokens that wait for a run."""
        return self._batcher.queued

    def start(
        self, texts: Sequence[Text], deadline_s: float
    ) -> tuple[list[_Ticket], list[Future[Logits]]]:
        """Look up, tokenise and queue. Raises Overloaded."""
        tickets = [self._ticket(text) for text in texts]
        rows = [row for ticket in tickets for row in ticket.rows]
        return tickets, self._batcher.submit(rows, deadline_s) if rows else []

    def finish(self, tickets: Sequence[_Ticket], logits: Sequence[Logits]) -> list[Answer]:
        left = iter(logits)
        return [self._answer(t, [next(left) for _ in t.rows]) for t in tickets]

    def _ticket(self, text: Text) -> _Ticket:
        key = digest(text)
        answer = self._cache.get(key)
        rows = () if answer is not None else self._tokenizer.rows(text)
        return _Ticket(text, key, answer, rows)

    def _answer(self, ticket: _Ticket, logits: list[Logits]) -> Answer:
        if ticket.answer is not None:
            return ticket.answer
        text = ticket.text
        language = language_of(text.first if text.second is None else text.second)
        answer = self._decode(text, ticket.rows, logits, language)
        self._cache.put(ticket.key, answer)
        return answer

    def _decode(
        self, text: Text, rows: tuple[Row, ...], logits: list[Logits], language: str
    ) -> Answer:
        match self.manifest.task:
            case Task.CLASSIFY:
                return results.scores(self.manifest, rows, logits, language)
            case Task.TAG:
                return results.entities(self.manifest, rows, logits, language, text.first)
            case Task.ENTAIL:
                return results.entailment(self.manifest, rows, logits, language)
            case Task.EMBED:
                raise ModelError(f"{self.manifest.id} has no logits")


class Call(Generic[A]):
    """A question: await it, or ask `now()` from a thread without a loop. Ask once."""

    def __init__(self, model: Model, texts: Sequence[Text], deadline_s: float) -> None:
        self._model, self._texts, self._deadline_s = model, texts, deadline_s

    def now(self) -> list[A]:
        """Any number of texts: they are queued `TEXTS_AT_ONCE` at a time."""
        end = time.monotonic() + self._deadline_s
        answers: list[A] = []
        for i in range(0, len(self._texts), TEXTS_AT_ONCE):
            answers += self._some(self._texts[i : i + TEXTS_AT_ONCE], end)
        return answers

    def _some(self, texts: Sequence[Text], end: float) -> list[A]:
        tickets, futures = self._model.start(texts, end - time.monotonic())
        try:
            logits = [f.result(max(0.0, end - time.monotonic())) for f in futures]
        except FutureTimeout:
            raise TimedOut(f"no answer within {self._deadline_s} s") from None
        finally:
            _leave(futures)
        return cast("list[A]", self._model.finish(tickets, logits))

    def __await__(self) -> Generator[Any, None, list[A]]:
        return self._ask().__await__()

    async def _ask(self) -> list[A]:
        futures: list[Future[Logits]] = []
        try:
            async with asyncio.timeout(self._deadline_s):
                tickets, futures = await self._start()
                logits = [await asyncio.wrap_future(future) for future in futures]
        except TimeoutError:
            raise TimedOut(f"no answer within {self._deadline_s} s") from None
        finally:
            _leave(futures)
        return cast("list[A]", self._model.finish(tickets, logits))

    async def _start(self) -> tuple[list[_Ticket], list[Future[Logits]]]:
        size = sum(len(t.first) + len(t.second or "") for t in self._texts)
        if size <= INLINE_CHARACTERS:
            return self._model.start(self._texts, self._deadline_s)
        return await asyncio.to_thread(self._model.start, self._texts, self._deadline_s)


def _leave(futures: Sequence[Future[Logits]]) -> None:
    """Nobody waits any more: rows still queued are dropped when taken."""
    for future in futures:
        future.cancel()


class Engine:
    """Opened models by name. Close it to end its threads."""

    def __init__(self, models: Mapping[str, Model], vectors: Mapping[str, Vectors]) -> None:
        self.models, self._vectors = dict(models), dict(vectors)
        self._looks = looks({name: model.manifest for name, model in models.items()})

    @classmethod
    def open(
        cls,
        root: Path,
        names: Sequence[str],
        *,
        threads: int | None = None,
        cache: int = 8192,
        gpu: bool | None = None,
        gpu_mib: int = 0,
        remote: Mapping[str, Backend] | None = None,
        shared: Path | None = None,
        report: Callable[[str], None] = print,
        language: str = "en",
    ) -> Engine:
        """Verify, load and warm up each of `names` (`name` or `name@version`); `report` is
        told in `language` where each one runs. `remote` gives the backend of models that a server
        elsewhere runs, `gpu_mib` the most that one model may take of a GPU, `shared` a folder
        through which processes share weights. Raises ModelError."""
        count = threads or min(MAX_THREADS, os.cpu_count() or 1)
        models, vectors = dict[str, Model](), dict[str, Vectors]()
        for entry in entries(root, names):
            backend = (remote or {}).get(entry.manifest.name)
            made: Model | Vectors
            if entry.manifest.task is Task.EMBED:
                made = vectors[entry.manifest.name] = _vectors(entry, backend)
            else:
                made = _open(entry, count, cache, gpu, gpu_mib, backend, shared)
                models[entry.manifest.name] = made
            report(runs_on(entry.manifest.id, made.device, language))
        return cls(models, vectors)

    def classify(
        self, name: str, texts: Sequence[Text], *, deadline_s: float = DEADLINE_S
    ) -> Asked:
        """Together with the model's second ones, where the first is unsure."""
        asks = partial(Call[Scores], self._model(name, Task.CLASSIFY))
        if not (looks := self._looks[name]):
            return asks(texts, deadline_s)
        again = [(k, partial(Call[Scores], self.models[k.second.name])) for k in looks]
        return LookedTwice(asks, again, texts, deadline_s)

    def tag(
        self, name: str, texts: Sequence[str], *, deadline_s: float = DEADLINE_S
    ) -> Call[tuple[Entity, ...]]:
        return Call(self._model(name, Task.TAG), [Text(t) for t in texts], deadline_s)

    def entail(
        self, name: str, pairs: Sequence[tuple[str, str]], *, deadline_s: float = DEADLINE_S
    ) -> Call[Entailment]:
        """`pairs` are (evidence, claim)."""
        texts = [Text(evidence, claim) for evidence, claim in pairs]
        return Call(self._model(name, Task.ENTAIL), texts, deadline_s)

    async def reread(
        self, name: str, pair: tuple[str, str], found: Entailment, *, deadline_s: float = DEADLINE_S
    ) -> Entailment:
        """`found`, the model's reading of a pair, together with that of a second model of its
        language where it has one and `found` is near support; else as it is."""
        for look in self._looks[name]:
            if second_reading.is_near(look, pair[1], found):
                (second,) = await self.entail(look.second.name, [pair], deadline_s=deadline_s)
                return second_reading.joined(look, found, second)
        return found

    def vectors(self, name: str) -> Vectors:
        """What makes vectors of sentences. Raises ModelError if it is not open."""
        if name not in self._vectors:
            raise ModelError(f"model {name} is not open")
        return self._vectors[name]

    def manifest(self, name: str, task: Task) -> Manifest:
        """What an opened model is. Raises ModelError if it is not open or made for another task."""
        return self._model(name, task).manifest

    def queued(self) -> dict[str, int]:
        """Tokens that wait, by model."""
        return {name: model.queued for name, model in self.models.items()}

    def close(self) -> None:
        for model in self.models.values():
            model.close()

    def _model(self, name: str, task: Task) -> Model:
        model = self.models.get(name)
        if model is None:
            raise ModelError(f"model {name} is not open")
        if model.manifest.task is not task:
            raise ModelError(f"model {name} is there to {model.manifest.task}, not to {task}")
        return model


def _vectors(entry: Entry, backend: Backend | None) -> Vectors:
    if backend is not None:
        raise ModelError(f"{entry.manifest.id} runs here, not on another server")
    return Vectors(entry.folder, entry.manifest)


def _open(
    entry: Entry,
    threads: int,
    cache: int,
    gpu: bool | None,
    gpu_mib: int,
    backend: Backend | None,
    shared: Path | None,
) -> Model:
    tokenizer = WindowTokenizer(entry.folder, entry.manifest)
    if backend is None:
        from threegate_classifiers.session import Session  # ONNX Runtime: 18 MB, only where it runs

        opened = partial(Session, entry.folder, entry.manifest, threads=1, pad_id=tokenizer.pad_id)
        backend = opened(gpu=gpu, gpu_mib=gpu_mib, shared=shared)
    for text in ("ready", "准备好了。" * entry.manifest.max_tokens):
        backend.run(tokenizer.rows(Text(text))[:1])
    return Model(entry.manifest, tokenizer, backend, threads, cache)
