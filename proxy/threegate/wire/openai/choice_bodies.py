"""What the OpenAI APIs with `choices` share in a body: usage, finish reasons, and our own
answers."""

from __future__ import annotations

from typing import Final

from threegate.errors import UpstreamError
from threegate.i18n.messages import localized
from threegate.types import Usage
from threegate.wire import known_fields
from threegate.wire.adapter import Body, Outcome, OutcomeKind

LINKED: Final = ("logprobs", "token_ids")
"""Fields of a choice that repeat its text token by token."""


def usage_of(body: Body) -> Usage | None:
    """Token counts of an OpenAI-shaped body, DeepSeek's cache fields included."""
    usage = body.get("usage")
    if not isinstance(usage, dict):
        return None
    prompt = known_fields.object_at(usage, "prompt_tokens_details")
    completion = known_fields.object_at(usage, "completion_tokens_details")
    return Usage(
        input=known_fields.count(usage.get("prompt_tokens")),
        output=known_fields.count(usage.get("completion_tokens")),
        cached=known_fields.count(
            prompt.get("cached_tokens") or usage.get("prompt_cache_hit_tokens")
        ),
        reasoning=known_fields.count(completion.get("reasoning_tokens")),
    )


def refuse_many_choices(given: int, most: int) -> None:
    """Raises UpstreamError for too many choices. Each is judged separately, so thousands that
    nobody requested would occupy the classifiers."""
    if given > most:
        raise UpstreamError(localized("answer-many-choices", limit=most))


def finish_of(outcome: Outcome) -> str:
    return "stop" if outcome.kind is OutcomeKind.ANSWER else "content_filter"


def blocked_body(
    prefix: str, kind: str, model: str, outcome: Outcome, text: Body, finish: str = ""
) -> Body:
    """A whole answer with one choice of our own, which has the fields of `text`."""
    end = {"logprobs": None, "finish_reason": finish or finish_of(outcome)}
    return {
        "id": f"{prefix}-{outcome.decision_id}",
        "object": kind,
        "created": outcome.created,
        "model": model,
        "choices": [{"index": 0, **text, **end}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        "threegate": outcome.note,
    }
