"""Limits of everything that the wire formats accept, with the reason for each."""

from __future__ import annotations

MAX_BODY_BYTES = 8 << 20
"""A request body. 128 k tokens are about 0.5 MiB of text; the rest is room for inline files."""

MAX_RESPONSE_BYTES = 16 << 20
"""A whole (not streamed) answer, `n` choices with logprobs included. For a stream, its text in code
points, and the events that wait for its end."""

MAX_EVENT_BYTES = 4 << 20
"""One server-sent event. Responses `response.completed` repeats the whole answer, 64 k tokens."""

MAX_TEXTS = 16_384
"""Texts in one request, or in one whole answer; each is scanned by itself, which takes about a
millisecond. A thousand turns with calls and a hundred tools have five thousand."""

MAX_FIELDS = 1024
"""Fields of a request, a message or another object whose fields an API names. With 400,000 of them
layer 2 held the event loop for a second."""

MAX_DEPTH = 64
"""Nesting of a request body: tool schemas seldom pass 20; orjson would allow 1024."""

MAX_ANSWER_DEPTH = 128
"""Nesting of an answer or an event: a request that it repeats and as much again. orjson reads 1024
levels and writes 254; code that walks an answer uses up to three Python frames a level."""

MAX_SAFE_INTEGER = 2**53
"""Beyond it JSON readers disagree about the value (RFC 8259 section 6)."""

MAX_POINTER_CHARS = 200
"""The longest place in a body that an error names; keys come from the client."""

MAX_PARTS = 4096
"""Tool calls or content blocks in one streamed answer; each needs a stream machine."""

MAX_CHOICES = 128
"""Choices of an answer, unless more were asked for: the largest `n` of OpenAI. Classifiers take a
tenth of a second for each."""


def most_choices(asked: int) -> int:
    """How many choices an answer may have if this many were requested."""
    return min(MAX_PARTS, max(MAX_CHOICES, asked))
