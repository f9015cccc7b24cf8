"""Keeps sampling parameters within the bounds of the rules. Pure."""

from __future__ import annotations

from threegate.guard.request_draft import Refusal, RequestDraft
from threegate.i18n.messages import localized
from threegate.policy.model import Clamp
from threegate.wire.adapter import Api

MAX_TOKENS = "max_tokens"
TOKEN_LIMITS = (MAX_TOKENS, "max_completion_tokens", "max_output_tokens")
DEFAULTED: dict[Api, frozenset[str]] = {
    Api.CHAT: frozenset({"temperature", "top_p", "n", "presence_penalty", "frequency_penalty"}),
    Api.COMPLETIONS: frozenset({"temperature", "top_p", "n"}),
    Api.RESPONSES: frozenset({"temperature", "top_p"}),
    Api.MESSAGES: frozenset({"temperature", "top_p"}),
    Api.EMBEDDINGS: frozenset(),
    Api.TOKEN_COUNT: frozenset(),
}
"""Fields that a rule may add if the client sent none; others are changed only if present."""

WITHOUT_ANSWER = (Api.EMBEDDINGS, Api.TOKEN_COUNT)
"""APIs that generate no text, so there is no length to limit."""


def bound_sampling(draft: RequestDraft) -> Refusal | None:
    for rule_id, name, clamp in draft.constraints.clamps:
        for target in _targets(draft, name):
            if (refusal := _clamp(draft, target, rule_id, clamp)) is not None:
                return refusal
    return None


def _targets(draft: RequestDraft, name: str) -> tuple[str, ...]:
    """The names of a field: `max_tokens` has several, and an engine reads the one it knows;
    sampling fields only if the API has them."""
    api = draft.adapter.api
    if name == MAX_TOKENS:
        own = () if api in WITHOUT_ANSWER else (draft.adapter.max_tokens_field(draft.body),)
        given = (n for n in TOKEN_LIMITS if draft.body.get(n) is not None)
        return tuple(dict.fromkeys((*own, *given)))
    return (name,) if name in draft.body or name in DEFAULTED[api] else ()


def _clamp(draft: RequestDraft, name: str, rule_id: str, clamp: Clamp) -> Refusal | None:
    """Order: drop, force, default, min and max."""
    value = draft.body.get(name)
    if clamp.drop:
        draft.drop(name, rule_id)
    elif clamp.force is not None:
        draft.set(name, _number(name, clamp.force), rule_id, "forced")
    elif value is None:
        if clamp.default is not None:
            draft.set(name, _number(name, clamp.default), rule_id, "defaulted")
    elif isinstance(value, bool) or not isinstance(value, int | float):
        text = localized("kind", place=name, kinds=localized("number"))
        return Refusal(rule_id, "invalid_request", text, f"/{name}")
    else:
        draft.set(name, _number(name, _bounded(value, clamp)), rule_id, "clamped")
    return None


def _bounded(value: float, clamp: Clamp) -> float:
    value = value if clamp.min is None else max(value, clamp.min)
    return value if clamp.max is None else min(value, clamp.max)


def _number(name: str, value: float) -> float:
    """Counts are whole numbers: model APIs refuse `8.0`."""
    return int(value) if float(value).is_integer() and _is_count(name) else value


def _is_count(name: str) -> bool:
    return name in ("n", "top_k", "seed", "best_of", "top_logprobs") or "tokens" in name
