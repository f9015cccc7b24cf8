"""The fields of answers that the guard knows: those without text of their own (ids, counts, times,
what the API repeats of the request) and those whose text an adapter takes out itself.

Strings in every other field, new in an API or a provider's own, are content: checked, released,
edited or held like the rest. Streams and whole answers use the same lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from threegate.wire.limits import MAX_SAFE_INTEGER

_HEAD: Final = (
    *("id", "object", "created", "model", "system_fingerprint", "service_tier", "provider"),
    *("choices", "obfuscation"),
)

FRAME: Final = frozenset(_HEAD)
"""Of a chat or text completion, whole or as an event."""

CHOICE: Final = frozenset(("index", "logprobs", "token_ids", "finish_reason", "stop_reason"))
"""Besides the one field with the texts: `message` of a chat completion, `delta` of its events,
`text` of a text completion. In another place these are unknown fields like any other."""
DELTA: Final = frozenset(
    (
        *("role", "content", "refusal", "audio", "tool_calls", "function_call"),
        *("reasoning_content", "reasoning", "reasoning_details"),
    )
)
CALL: Final = frozenset(("index", "id", "type", "function", "custom"))
FUNCTION: Final = frozenset(("name", "arguments"))
CUSTOM: Final = frozenset(("name", "input"))
AUDIO: Final = frozenset(("id", "data", "expires_at", "transcript"))
DETAIL: Final = frozenset(("type", "id", "index", "format", "text", "summary", "data", "signature"))
"""Of an item of `reasoning_details`."""

MESSAGES_FRAME: Final = frozenset(("type",))
MESSAGES_FRAMES: Final = {
    "content_block_start": MESSAGES_FRAME | {"index", "content_block"},
    "content_block_delta": MESSAGES_FRAME | {"index", "delta"},
    "content_block_stop": MESSAGES_FRAME | {"index"},
    "message_start": MESSAGES_FRAME | {"message"},
    "message_delta": MESSAGES_FRAME | {"delta"},
}
"""By the type of the event; all others have the type alone."""
MESSAGE: Final = frozenset(
    ("id", "type", "role", "model", "content", "stop_reason", "stop_sequence")
)
"""Of an Anthropic message; its `stop_sequence` is the client's own."""

SIGNATURE_DELTA: Final = frozenset(("type", "signature"))
MESSAGE_DELTA: Final = frozenset(("stop_reason", "stop_sequence"))

RESPONSE: Final = frozenset(
    (
        *("id", "object", "created_at", "completed_at", "status", "model", "output"),
        *("incomplete_details", "billing", "background", "service_tier", "store", "truncation"),
        # what the API repeats of the request
        *("instructions", "metadata", "tools", "tool_choice", "text", "user", "prompt"),
        *("reasoning", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"),
        *("previous_response_id", "conversation", "parallel_tool_calls", "max_tool_calls"),
        *("max_output_tokens", "temperature", "top_p", "top_logprobs"),
    )
)
RESPONSES_FRAME: Final = frozenset(
    (
        *("type", "sequence_number", "item_id", "output_index", "content_index", "summary_index"),
        *("logprobs", "obfuscation", "annotation_index"),
    )
)
"""Besides the one field with the event's text."""

ITEM: Final = frozenset(("id", "type", "role", "status", "call_id", "content", "summary"))
CALL_ITEM: Final = ITEM | {"name"}
PART: Final = frozenset(("type", "logprobs"))

NUMBERS: Final = frozenset(
    (
        *("created", "created_at", "completed_at", "expires_at", "sequence_number"),
        *("index", "output_index", "content_index", "summary_index", "annotation_index"),
        *("max_tool_calls", "max_output_tokens", "temperature", "top_p", "top_logprobs"),
        *("parallel_tool_calls", "background", "store"),
    )
)
"""Fields of these lists that every API fills with a number or with true or false."""

EMBEDDINGS: Final = frozenset(("object", "data", "model"))
EMBEDDING: Final = frozenset(("object", "index", "embedding"))

PROVIDER_WORDS: Final = frozenset(
    (
        # Azure
        *("content_filter_results", "content_filter_result", "content_filter_offsets"),
        *("prompt_filter_results", "prompt_annotations"),
        *("request_id", "p", "native_finish_reason"),  # DashScope, Mistral, OpenRouter
        *("x_groq", "usage", "usage_breakdown"),  # Groq
        *("prompt_logprobs", "prompt_token_ids", "kv_transfer_params"),  # vLLM
        *("matched_stop", "meta_info", "sglext", "hidden_states"),  # SGLang
        *("timings", "stats"),  # llama.cpp, LM Studio
    )
)
"""Fields that providers add to each event: levels, counts, ids. Their strings are words; one that
is more than a word is text, like that of any other field."""

REASONS: Final = ("finish_reason", "stop_reason")
"""Why a text ends: a word, or else text like any other."""
UNKNOWN_REASON: Final = "unknown"
"""What is reported for a reason that is not a plain word."""


def within(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object of that name; an empty one where the API sent something else."""
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def count(value: Any) -> int:
    """A number of tokens as reported; 0 if it is not a number."""
    whole = int(value) if type(value) is float and value.is_integer() else value
    return whole if type(whole) is int and 0 <= whole <= MAX_SAFE_INTEGER else 0


_TOKENS: Final = frozenset(("token", "tokens"))


def odd(logprobs: Any, name: str = "") -> bool:
    """Whether log probabilities hold strings that are no tokens."""
    if isinstance(logprobs, dict):
        return any(odd(below, key) for key, below in logprobs.items())
    if isinstance(logprobs, list):
        return any(odd(below, name) for below in logprobs)
    return isinstance(logprobs, str) and name not in _TOKENS
