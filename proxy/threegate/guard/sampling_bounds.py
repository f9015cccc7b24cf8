"""Keeps sampling parameters within the bounds of the rules. Pure."""

from __future__ import annotations

from threegate.guard.request_draft import Refusal, RequestDraft
from threegate.i18n.messages import localized
from threegate.policy.model import Clamp
from threegate.wire.adapter import Api

MAX_TOKENS = "max_tokens"
TOKEN_LIMITS = (
    MAX_TOKENS,
    "max_completion_tokens",
    "max_output_tokens",
    "max_new_tokens",
    "n_predict",  # llama.cpp prefers it to the others
)
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


MIN_TOKENS = "min_tokens"
BUDGETS = (("thinking_budget",), ("thinking", "budget_tokens"), ("reasoning", "max_tokens"))
"""What a model may think; not every model API counts it as a part of the answer."""


def bound_sampling(draft: RequestDraft) -> Refusal | None:
    for rule_id, name, clamp in draft.constraints.clamps:
        for target in _targets(draft, name):
            if (refusal := _clamp(draft, target, rule_id, clamp)) is not None:
                return refusal
        if name == MAX_TOKENS and (refusal := _within(draft, rule_id, clamp)) is not None:
            return refusal
    return None


def _within(draft: RequestDraft, rule_id: str, clamp: Clamp) -> Refusal | None:
    """What must stay within the limit of an answer: its least length, and thinking, which leaves
    room for the answer."""
    if (limit := clamp.max if clamp.force is None else clamp.force) is None:
        return None
    for path, most in ((MIN_TOKENS,), limit), *((path, limit - 1) for path in BUDGETS):
        if (refusal := _clamp_at(draft, path, rule_id, Clamp(max=most))) is not None:
            return refusal
    return None


def _clamp_at(
    draft: RequestDraft, path: tuple[str, ...], rule_id: str, clamp: Clamp
) -> Refusal | None:
    """Bounds a field, or a member of an object, that the request has."""
    name, *member = path
    if not member:
        return _clamp(draft, name, rule_id, clamp)
    holder = draft.body.get(name)
    if not isinstance(holder, dict):
        return None
    inner = RequestDraft(dict(holder), draft.adapter, draft.constraints)
    refusal = _clamp(inner, member[0], rule_id, clamp)
    draft.set(name, inner.body, rule_id, "clamped")
    return refusal


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
        draft.set(name, _number(name, _bounded(name, value, clamp)), rule_id, "clamped")
    return None


def _bounded(name: str, value: float, clamp: Clamp) -> float:
    if clamp.max is not None and _is_no_limit(name, value):
        return clamp.max
    value = value if clamp.min is None else max(value, clamp.min)
    return value if clamp.max is None else min(value, clamp.max)


def _is_no_limit(name: str, value: float) -> bool:
    """-1 as engines read it: as many as there are (vLLM, llama.cpp, Ollama); for `top_k` 0 too."""
    if name == "top_k":
        return value <= 0
    return value < 0 and _is_count(name) and name not in ("seed", MIN_TOKENS)


def _number(name: str, value: float) -> float:
    """Counts are whole numbers: model APIs refuse `8.0`."""
    return int(value) if float(value).is_integer() and _is_count(name) else value


def _is_count(name: str) -> bool:
    counts = (
        *TOKEN_LIMITS,
        "n",
        "top_k",
        "seed",
        "best_of",
        "logprobs",
        "top_logprobs",
        "thinking_budget",
    )
    return name in counts or "tokens" in name
