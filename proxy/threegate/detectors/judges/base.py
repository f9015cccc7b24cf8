"""A judge's format: builds requests from a text and reads findings from the replies. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from threegate.settings import JudgeSettings

Json = dict[str, Any]

CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
SEED = 1
_THOUGHTS_END = "</think>"


MAX_TEXT = 8_000
"""Code points of a text that a judge reads."""


class Unreadable(Exception):
    """A reply that does not follow the format. It never counts as "safe"."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What is judged. `answered`: the sentence is from a model's answer to `question`; otherwise it
    is a user's. `before` are the sentences that precede it in the same text."""

    sentence: str = field(repr=False)
    before: str = field(default="", repr=False)
    question: str = field(default="", repr=False)
    answered: bool = False
    sources: tuple[str, ...] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        """The sentence with the text before it; of a long text only the end, which is the
        newest."""
        return (self.before + self.sentence)[-MAX_TEXT:]


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """`about` is for the format's own use: the criterion that the request is about."""

    path: str
    body: Json = field(repr=False)
    about: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """`kind` is one of ours, empty for a verdict without a category; `score` is the probability
    that the text is bad, 0 to 1; `native` is the model's own term."""

    kind: str
    score: float
    native: str = ""


class JudgeFormat(Protocol):
    @property
    def name(self) -> str: ...

    def kinds(self, settings: JudgeSettings) -> tuple[str, ...]:
        """Our kinds that it may report, without the verdict itself."""
        ...

    def requests(self, judged: Judged, settings: JudgeSettings) -> tuple[JudgeRequest, ...]: ...

    def scores(self, request: JudgeRequest, reply: Json) -> tuple[Score, ...]:
        """Raises Unreadable, or LookupError, TypeError or ValueError for a reply of another
        shape."""
        ...


def chat(settings: JudgeSettings, messages: list[Json], max_tokens: int, **more: Any) -> Json:
    """A request that asks for log probabilities, which servers without them ignore. A reasoning
    model gets the tokens that the settings allow and is not asked for probabilities: some APIs
    refuse the combination."""
    body: Json = {
        "model": settings.model,
        "messages": messages,
        "temperature": 0,
        "seed": SEED,
        "max_tokens": settings.max_tokens or max_tokens,
    }
    if not settings.max_tokens:
        body |= {"logprobs": True, "top_logprobs": 20}
    return body | more


def completion(settings: JudgeSettings, prompt: str, max_tokens: int) -> Json:
    """A request of the completions API with the log probabilities of the first choice of each
    token."""
    return {
        "model": settings.model,
        "prompt": prompt,
        "temperature": 0,
        "seed": SEED,
        "max_tokens": max_tokens,
        "logprobs": 20,
    }


def content_of(reply: Json) -> str:
    """The text of a chat answer after the model's thoughts. Raises Unreadable if there is none: a
    reasoning model may have used up its tokens, or a server's parser failed."""
    content = reply["choices"][0]["message"]["content"]
    if not isinstance(content, str) or not content.strip():
        raise Unreadable("no content")
    return content.rpartition(_THOUGHTS_END)[2]


def without(text: str, marks: tuple[str, ...]) -> str:
    """The text without the model's special tokens, which would end its part of the prompt."""
    while any(mark in text for mark in marks):
        for mark in marks:
            text = text.replace(mark, "")
    return text


def mapped(table: Mapping[str, str], native: str) -> str:
    """Our kind for a native category. Raises Unreadable for one that the model does not have."""
    if native not in table:
        raise Unreadable("unknown category")
    return table[native]
