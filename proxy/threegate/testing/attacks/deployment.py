"""A running deployment as the suites see it: texts in, what becomes of them out.

Texts are judged by the deployment's check service as the proxy would judge them, so no model has to
be made to say them. A place is where a text can stand in a call.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import httpx

Json = dict[str, Any]
CHECK: Final = "/v1/guard/check"
STREAM: Final = "/v1/guard/stream"
TIMEOUT_S: Final = 60.0


class Way(StrEnum):
    """How a text is sent."""

    REQUEST = "request"
    CALL = "tool call of a request"
    ANSWER = "whole answer"
    STREAM = "streamed answer"


@dataclass(frozen=True, slots=True)
class Place:
    """`channel` is a role for requests, a channel for answers."""

    way: Way
    channel: str

    @property
    def name(self) -> str:
        return f"{self.way}: {self.channel}"

    @property
    def as_json(self) -> bool:
        """Arguments of tools are JSON."""
        return self.channel == "tool_arguments"


PLACES: Final = (
    *(Place(Way.REQUEST, role) for role in ("user", "system", "assistant", "tool")),
    Place(Way.CALL, "tool_arguments"),
    *(Place(Way.ANSWER, channel) for channel in ("content", "reasoning", "tool_arguments")),
    *(Place(Way.STREAM, channel) for channel in ("content", "reasoning")),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """`text` as it goes on, None where the check stopped; `kinds` of the findings in it."""

    text: str | None
    kinds: frozenset[str]
    record: str  # id of the call in the deployment's audit log


@dataclass(frozen=True, slots=True)
class Deployment:
    client: httpx.Client

    def check(self, body: Mapping[str, Any]) -> Json:
        """Raises httpx.HTTPError where no check was made."""
        response = self.client.post(CHECK, json=body)
        response.raise_for_status()
        made: Json = response.json()
        return made

    def judged(self, place: Place, texts: Sequence[str]) -> list[Judged]:
        """Each text for itself: where one stops a check of several, they are asked singly."""
        wrapped = (
            [json.dumps({"note": t}, ensure_ascii=False) for t in texts] if place.as_json else texts
        )
        made = self._together(place, wrapped)
        if len(texts) > 1 and any(j.text is None for j in made):
            made = [j for t in wrapped for j in self._together(place, [t])]
        return [_unwrapped(j) for j in made] if place.as_json else made

    def _together(self, place: Place, texts: Sequence[str]) -> list[Judged]:
        match place.way:
            case Way.REQUEST:
                made = self.check({"texts": texts, "role": place.channel})
                return _sorted(made, made["texts"] or [None] * len(texts), "message")
            case Way.CALL:
                made = self.check({"messages": _calls(texts)})
                return _sorted(made, _arguments(made, len(texts)), "part")
            case Way.ANSWER:
                made = self.check({"stage": "output", "texts": texts, "channel": place.channel})
                return _sorted(made, made["texts"] or [None] * len(texts), "choice")
            case Way.STREAM:
                return self._streamed(place, texts)

    def _streamed(self, place: Place, texts: Sequence[str]) -> list[Judged]:
        """Each text as a choice of one answer."""
        pieces = (
            {"append": text, "channel": place.channel, "choice": n} for n, text in enumerate(texts)
        )
        lines: Iterable[Json] = ({"open": {}}, *pieces, {"close": True})
        content = "\n".join(map(json.dumps, lines)).encode()
        kind = {"content-type": "application/x-ndjson"}
        response = self.client.post(STREAM, content=content, headers=kind)
        response.raise_for_status()
        return _released([json.loads(line) for line in response.text.splitlines()], len(texts))


def _released(lines: Sequence[Json], count: int) -> list[Judged]:
    texts = [""] * count
    for line in lines:
        texts[line.get("choice", 0)] += line.get("release", "")
    end: Json = lines[-1].get("end", {"id": "", "findings": ()})
    stopped = not end.get("allowed")
    return _sorted(end, [None if stopped and not t else t for t in texts], "choice")


def _sorted(made: Json, texts: Sequence[str | None], where: str) -> list[Judged]:
    """Findings by the text that they are in; `where` is the member of a place that numbers it."""
    kinds: list[set[str]] = [set() for _ in texts]
    for finding in made["findings"]:
        kinds[_index(finding["at"].get(where, 0))].add(finding["kind"])
    return [Judged(t, frozenset(k), made["id"]) for t, k in zip(texts, kinds, strict=True)]


def _index(where: int | str) -> int:
    """A number, or that of a call in a pointer such as `/tool_calls/3/function/arguments`."""
    return where if isinstance(where, int) else int(where.split("/")[2])


def _unwrapped(judged: Judged) -> Judged:
    text = None if judged.text is None else str(json.loads(judged.text)["note"])
    return Judged(text, judged.kinds, judged.record)


def _calls(arguments: Sequence[str]) -> list[Json]:
    """A conversation whose model has called a tool with each of these."""
    calls = [
        {"id": f"c{n}", "type": "function", "function": {"name": "note", "arguments": text}}
        for n, text in enumerate(arguments)
    ]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "ok"} for call in calls]
    return [{"role": "assistant", "content": None, "tool_calls": calls}, *results]


def _arguments(made: Json, count: int) -> list[str | None]:
    if not made["messages"]:
        return [None] * count
    return [call["function"]["arguments"] for call in made["messages"][0]["tool_calls"]]
