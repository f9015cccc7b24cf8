"""The fields of answers that the guard knows: those without text (ids, counts, times, parts of the
request that the API repeats) and those whose text an adapter takes out itself.

Strings in every other field, new in an API or a provider's own, are content: checked, released,
edited or held like the rest. Streams and whole answers use the same lists, which are in
`fields.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from threegate.data_files import table
from threegate.wire.adapter import Api
from threegate.wire.limits import MAX_SAFE_INTEGER

_LISTS: Final = {name: frozenset(fields) for name, fields in table("wire", "fields").items()}
PUBLISHED: Final = _LISTS["published"]
FRAME: Final = _LISTS["frame"]
CHOICE: Final = _LISTS["choice"]
DELTA: Final = _LISTS["delta"]
CALL: Final = _LISTS["call"]
FUNCTION: Final = _LISTS["function"]
CUSTOM: Final = _LISTS["custom"]
AUDIO: Final = _LISTS["audio"]
DETAIL: Final = _LISTS["detail"]
MESSAGE: Final = _LISTS["message"]
MESSAGES_FRAME: Final = frozenset(("type",))
MESSAGES_FRAMES: Final = {
    "content_block_start": MESSAGES_FRAME | {"index", "content_block"},
    "content_block_delta": MESSAGES_FRAME | {"index", "delta"},
    "content_block_stop": MESSAGES_FRAME | {"index"},
    "message_start": MESSAGES_FRAME | {"message"},
    "message_delta": MESSAGES_FRAME | {"delta"},
}
"""Further known fields by type of event; all other events have only the type."""
SIGNATURE_DELTA: Final = _LISTS["signature_delta"]
MESSAGE_DELTA: Final = _LISTS["message_delta"]
RESPONSE: Final = _LISTS["response"]
RESPONSES_FRAME: Final = _LISTS["responses_frame"]
ITEM: Final = _LISTS["item"]
CALL_ITEM: Final = ITEM | {"name"}
PART: Final = _LISTS["part"]
EMBEDDINGS: Final = _LISTS["embeddings"]
EMBEDDING: Final = _LISTS["embedding"]
NUMBERS: Final = _LISTS["numbers"]
PLAIN: Final = NUMBERS | _LISTS["words"]
"""Fields with one number, flag or word. `token_ids` is a list of numbers."""
PROVIDER_WORDS: Final = _LISTS["provider_words"]
ID_PREFIXES: Final = _LISTS["id_prefixes"]

_CHATS: Final = (Api.CHAT, Api.MESSAGES, Api.TOKEN_COUNT)
CONVERSATION: Final[Mapping[str, tuple[Api, ...]]] = {
    "messages": _CHATS,
    "system": (Api.MESSAGES, Api.TOKEN_COUNT),
    "prompt": (Api.COMPLETIONS, Api.RESPONSES),
    "suffix": (Api.COMPLETIONS,),
    "input": (Api.RESPONSES, Api.EMBEDDINGS),
    "instructions": (Api.RESPONSES,),
    "previous_response_id": (Api.RESPONSES,),
}
"""Fields of a request with what the model reads, and the APIs that have them."""

REASONS: Final = ("finish_reason", "stop_reason")
"""Finish reasons: a plain word; anything else is text."""
UNKNOWN_REASON: Final = "unknown"
"""Reported in place of a reason that is not a plain word."""


def object_at(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object of that name; an empty one if the API sent something else."""
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def count(value: Any) -> int:
    """A number of tokens as reported; 0 if it is not a number."""
    whole = int(value) if type(value) is float and value.is_integer() else value
    return whole if type(whole) is int and 0 <= whole <= MAX_SAFE_INTEGER else 0


def is_misused(name: str, value: Any) -> bool:
    """Whether a known field holds something else than it should, which might be text."""
    kind = type(value)
    if kind is dict or kind is list:
        return name in PLAIN
    return kind is str and name == "obfuscation" and " " in value


_NAMED_REASONING: Final = re.compile(r"reasoning|thinking|thought", re.IGNORECASE)


def drop_unlisted_reasoning(holder: dict[str, Any], listed: frozenset[str] = DELTA) -> None:
    """Removes, in place and at any depth, what is called reasoning in fields that are not listed:
    gateways repeat it there (`thinking_blocks`, `provider_specific_fields`)."""
    for name in [name for name in holder if name not in listed]:
        if _NAMED_REASONING.search(name):
            del holder[name]
        else:
            _drop_reasoning(holder[name])


def _drop_reasoning(value: Any) -> None:
    if isinstance(value, dict):
        drop_unlisted_reasoning(value, frozenset())
    elif isinstance(value, list):
        for below in value:
            _drop_reasoning(below)


_TOKENS: Final = frozenset(("token", "tokens"))


def has_text(logprobs: Any, name: str = "") -> bool:
    """Whether log probabilities contain strings that are not tokens."""
    if isinstance(logprobs, dict):
        return any(has_text(below, key) for key, below in logprobs.items())
    if isinstance(logprobs, list):
        return any(has_text(below, name) for below in logprobs)
    return isinstance(logprobs, str) and name not in _TOKENS
