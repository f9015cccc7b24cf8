"""Words of the protocol: roles, types, ids, names of models. They are not text; those of a request
are looked at by patterns, because a key or a number could be in their place."""

from __future__ import annotations

import re
from typing import Any, Final

from threegate.wire import known_fields

STRUCTURAL: Final = frozenset(
    (
        *("role", "type", "model", "object", "detail", "format", "encoding_format", "media_type"),
        *("id", "tool_call_id", "call_id", "item_id", "tool_use_id", "previous_response_id"),
        *("status", "service_tier", "system_fingerprint", "finish_reason", "stop_reason"),
        *("include", "truncation", "signature", "encrypted_content", "effort", "reasoning_effort"),
    )
)
IDS: Final = frozenset(
    ("id", "tool_call_id", "call_id", "item_id", "tool_use_id", "previous_response_id")
)
OPAQUE: Final = frozenset(("signature", "encrypted_content"))
SEALED: Final = OPAQUE | {"data"}
"""Encrypted fields of streams that only the model API can open."""
_WORD: Final = re.compile(r"[\w.:/+=\-]{0,128}", re.ASCII)
_SEALED: Final = re.compile(r"[\w.:/+=\-]{64,}", re.ASCII)
_TOKEN: Final = re.compile(r"[\w.:/+=\-]*", re.ASCII)
_PLAIN: Final = re.compile(r"[a-z_./\-]{0,64}|(?=\D*(?:\d\D*){0,6}\Z).{0,16}")
"""Small letters alone (a key may well be capitals alone), or less than the shortest key with less
than the shortest personal number."""
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_ISSUED: Final = re.compile(
    rf"(?:{'|'.join(sorted(known_fields.ID_PREFIXES))})[_-](?=[0-9A-Z]*[a-z])(?!\w*\d{{7}})[0-9A-Za-z]{{8,64}}"
)
"""As model APIs make them."""


def is_protocol(key: str, text: str) -> bool:
    """Whether a string is a protocol word or opaque data, that is, contains nothing readable."""
    if key not in STRUCTURAL or is_number(text):
        return False
    return _WORD.fullmatch(text) is not None or (
        key in OPAQUE and _SEALED.fullmatch(text) is not None
    )


def is_id(key: str, text: str) -> bool:
    """Whether a string is in the place of an id and looks like one, a number included."""
    return key in IDS and _WORD.fullmatch(text) is not None


def is_open(key: str, value: Any) -> bool:
    """Whether a field that should be encrypted contains readable text."""
    if key not in SEALED or not isinstance(value, str | dict | list):
        return False
    return not isinstance(value, str) or _TOKEN.fullmatch(value) is None


def is_word(text: str) -> bool:
    """Whether a string in a field that providers fill is a plain word and not a personal number."""
    return _WORD.fullmatch(text) is not None and not is_number(text)


def is_number(text: str) -> bool:
    """Whether a word is a personal number: many digits and hardly any letters."""
    digits = sum(map(str.isdigit, text))
    return digits >= 7 and sum(map(str.isalpha, text)) <= 3


def hides_nothing(key: str, text: str) -> bool:
    """Whether no key and no number can be in a word of the protocol: an id as APIs make them, a
    word of letters alone, what only the model API can open."""
    if key in OPAQUE and _SEALED.fullmatch(text) is not None:
        return True
    if key in IDS:
        text = _UUID.sub("", text)
    return _PLAIN.fullmatch(text) is not None or (
        key in IDS and _ISSUED.fullmatch(text) is not None
    )
