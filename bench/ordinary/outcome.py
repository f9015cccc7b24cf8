"""One conversation through the proxy, and what of it an honest person would notice."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from threegate.audit.log.query import event_of
from threegate.demo.play import DemoStage

from bench.ordinary.conversations import Answer, Conversation, Json
from bench.ordinary.model import Writing, WrittenModel, tool_calls
from bench.ordinary.placeholders import PLACEHOLDER

FORMS: Mapping[str, Writing] = {
    "exact": str,
    "lower": str.lower,
    "bold": lambda word: f"**{word}**",
    "bare": lambda word: word.strip("[]"),
    "code": lambda word: f"`{word}`",
    "escaped": lambda word: word.replace("_", "\\_"),
    "chinese": lambda word: f"【{word[1:-1]}】",
    "spaced": lambda word: word.replace("_", " "),
    "title": lambda word: word.title(),
}
WATCHED = ("flag", "block", "answer", "redact", "annotate", "rewrite")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`wrong`: what did not hold, in words. Delays in ms."""

    id: str
    language: str
    form: str
    stream: bool
    stopped: bool
    marked: tuple[str, ...]
    changed: int
    not_masked: int
    not_restored: int
    first_text: float
    longest_gap: float
    wrong: tuple[str, ...]


@dataclass(slots=True)
class _Got:
    status: int
    answer: Answer
    note: Json
    error: str
    request_id: str
    finish: str = ""
    times: tuple[float, ...] = ()


async def played(
    stage: DemoStage, model: WrittenModel, given: Conversation, form: str, stream: bool
) -> Outcome:
    body = {**given.request, "stream": stream}
    if stream:
        body.setdefault("stream_options", {"include_usage": True})
    else:
        body.pop("stream_options", None)
    got = await _asked(stage.url + "/v1/chat/completions", body)
    event = await asyncio.to_thread(event_of, stage.database, got.request_id)
    found = dict.fromkeys(_rulings(event or {}, given.answer))
    marked = tuple(m for m in found if not (given.removed and m.startswith("redact base.secret ")))
    stopped = got.status != 200 or bool(got.error) or got.finish == "content_filter"
    input_wrong, not_masked = _input(model, given)
    answer_wrong, not_restored = ([], 0) if stopped else _output(got.answer, given.answer, model)
    wrong = [f"stopped: {got.status} {got.error} {got.finish}"] if stopped else []
    wrong += [f"marked: {m}" for m in marked] + input_wrong + answer_wrong
    wrong += [f"note: {json.dumps(n, ensure_ascii=False)[:300]}" for n in _notes(got.note)]
    gaps = [b - a for a, b in zip(got.times, got.times[1:], strict=False)]
    return Outcome(
        given.id, given.language, form, stream, stopped, marked,
        len(input_wrong) - not_masked + len(answer_wrong) - not_restored, not_masked, not_restored,
        round(got.times[0], 1) if got.times else 0.0, round(max(gaps, default=0.0), 1),
        tuple(wrong),
    )  # fmt: skip


def _notes(note: Json) -> list[Json]:
    return [c for c in note.get("claims", ()) if c.get("verdict") != "supported"]


def _rulings(event: Json, answer: Answer) -> Iterable[str]:
    for decision in event.get("decisions", ()):
        for r in decision["ruled"]:
            if r["action"] not in WATCHED or r.get("shadow"):
                continue
            what = r.get("kind") or f"failed {r.get('failed')}"
            found = [r["action"], r["rule"], what, r.get("level", ""), str(r.get("score", ""))]
            if decision["layer"] == "output" and "span" in r:
                text = answer.reasoning if r.get("channel") == "reasoning" else answer.contents[0]
                found.append(repr(text[slice(*r["span"])]))
            yield " ".join(found)


def _input(model: WrittenModel, given: Conversation) -> tuple[list[str], int]:
    if model.received is None:
        return [], 0
    hidden = {value for value, word in model.changes if PLACEHOLDER.fullmatch(word)}
    gone = {value for value, word in model.changes if not PLACEHOLDER.fullmatch(word)}
    wrong = [f"masked: {v!r}" for v in sorted(hidden - set(given.masked))]
    wrong += [f"removed: {v!r}" for v in sorted(gone - set(given.removed))]
    wrong += [f"text changed: {a[:200]!r} -> {b[:400]!r}" for a, b in model.other]
    missed = sorted(set(given.masked) - hidden) + sorted(set(given.removed) - gone)
    return wrong + [f"not masked: {v!r}" for v in missed], len(missed)


def _output(got: Answer, wanted: Answer, model: WrittenModel) -> tuple[list[str], int]:
    """What differs, and how many texts still contain a placeholder."""
    texts = [("content", a, b) for a, b in zip(got.contents, wanted.contents, strict=False)]
    texts.append(("reasoning", got.reasoning, wanted.reasoning))
    called = [c["function"] for c in tool_calls(wanted)]
    texts += [
        (f"arguments of {name}", arguments, w["arguments"])
        for (name, arguments), w in zip(got.calls, called, strict=False)
    ]
    wrong = []
    if (len(got.contents), len(got.calls)) != (len(wanted.contents), len(wanted.calls)):
        wrong.append("number of choices or calls")
    words = [model.writing(word).strip("[]【】*`") for _, word in model.changes]
    lost = 0
    for name, a, b in texts:
        if _plain(a, model) != _plain(b, model):
            lost += any(word in a for word in words)
            wrong.append(f"{name}: {_difference(a, b)}")
    return wrong, lost


def _plain(text: str, model: WrittenModel) -> str:
    """Without the marks that a form of placeholders leaves around values."""
    return text if model.writing is str else text.replace("*", "").replace("`", "")


def _difference(got: str, wanted: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(got, wanted, strict=False)) if a != b), 0)
    at = at or min(len(got), len(wanted))
    start = max(0, at - 30)
    return f"got {got[start : at + 80]!r} wanted {wanted[start : at + 60]!r}"


async def _asked(url: str, body: Json) -> _Got:
    start = time.perf_counter()
    # No certificates: reading them takes 24 ms of CPU time for each client, and the proxy is here.
    async with httpx.AsyncClient(timeout=120, trust_env=False, verify=False) as client:
        if not body["stream"]:
            reply = await client.post(url, json=body)
            return _whole(reply.status_code, reply.json(), reply.headers)
        async with client.stream("POST", url, json=body) as reply:
            if not reply.headers.get("content-type", "").startswith("text/event-stream"):
                await reply.aread()
                return _whole(reply.status_code, reply.json(), reply.headers)
            frames, times = [], []
            async for line in reply.aiter_lines():
                if line.startswith("data: {"):
                    frames.append(json.loads(line[6:]))
                    if _has_text(frames[-1]):
                        times.append((time.perf_counter() - start) * 1000)
            return _joined(frames, tuple(times), reply.headers)


def _has_text(frame: Json) -> bool:
    deltas = (c.get("delta") or {} for c in frame.get("choices", ()))
    return any(d.get("content") or d.get("reasoning_content") for d in deltas)


def _whole(status: int, body: Json, headers: Any) -> _Got:
    error = (body.get("error") or {}).get("message", "")
    messages = [c["message"] for c in body.get("choices", ())]
    first: Json = messages[0] if messages else {}
    calls = tuple(
        (c["function"]["name"], c["function"]["arguments"]) for c in first.get("tool_calls") or ()
    )
    contents = tuple(m.get("content") or "" for m in messages)
    answer = Answer(contents, first.get("reasoning_content") or "", calls)
    finish = body["choices"][0]["finish_reason"] if messages else ""
    return _Got(
        status,
        answer,
        body.get("threegate") or {},
        error,
        headers["x-threegate-request-id"],
        finish,
    )


def _joined(frames: list[Json], times: tuple[float, ...], headers: Any) -> _Got:
    contents: dict[int, str] = defaultdict(str)
    calls: dict[int, list[str]] = {}
    reasoning = finish = error = ""
    note: Json = {}
    for frame in frames:
        error = error or (frame.get("error") or {}).get("message", "")
        note |= frame.get("threegate") or {}
        for choice in frame.get("choices", ()):
            delta = choice.get("delta") or {}
            contents[choice["index"]] += delta.get("content") or ""
            reasoning += delta.get("reasoning_content") or ""
            finish = choice.get("finish_reason") or finish
            for call in delta.get("tool_calls") or ():
                made = calls.setdefault(call["index"], ["", ""])
                made[0] += call["function"].get("name") or ""
                made[1] += call["function"].get("arguments") or ""
    answer = Answer(
        tuple(contents[i] for i in sorted(contents)),
        reasoning,
        tuple((calls[i][0], calls[i][1]) for i in sorted(calls)),
    )
    return _Got(200, answer, note, error, headers["x-threegate-request-id"], finish, times)


def summary(outcomes: list[Outcome]) -> Json:
    """Figures per language; a conversation counts once for both its ways."""
    made: Json = {}
    for language in ("en", "zh"):
        mine = [o for o in outcomes if o.language == language]
        count: Counter[str] = Counter()
        for name in {o.id for o in mine}:
            ways = [o for o in mine if o.id == name]
            count["conversations"] += 1
            count["stopped"] += any(o.stopped for o in ways)
            count["marked"] += any(o.marked for o in ways)
            count["wrongly changed"] += any(o.changed for o in ways)
            count["not masked"] += any(o.not_masked for o in ways)
            count["not restored"] += any(o.not_restored for o in ways)
        first = sorted(o.first_text for o in mine if o.stream)
        made[language] = dict(count) | {
            "first text, ms, median": first[len(first) // 2] if first else 0
        }
    return made
