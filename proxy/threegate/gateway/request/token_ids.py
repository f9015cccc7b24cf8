"""Decodes texts that a request gives as token ids, so that they can be checked. Needs the model's
tokenizer in the settings; without it the adapters refuse token ids and name the setting.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from threegate.errors import RequestError
from threegate.i18n.messages import localized
from threegate.upstream.tokens import ModelTokenizer
from threegate.wire.adapter import Api, Body

FIELDS: Final = {Api.EMBEDDINGS: "input", Api.COMPLETIONS: "prompt"}
MAX_IDS: Final = 300_000
"""Per request; OpenAI's limit for embeddings."""


def decoded(api: Api, body: Body, tokenizer: ModelTokenizer | None) -> Body:
    """The body with strings in place of lists of ids. Raises RequestError 400 for ids that the
    tokenizer does not know and for too many of them."""
    field = FIELDS.get(api)
    given = body.get(field) if field else None
    if field is None or tokenizer is None or not isinstance(given, list):
        return body
    if given and all(map(_is_id, given)):
        return {**body, field: _texts(tokenizer, field, [given])[0]}
    lists = [item for item in given if isinstance(item, list)]
    if not lists or not all(item and all(map(_is_id, item)) for item in lists):
        return body
    texts = iter(_texts(tokenizer, field, lists))
    return {**body, field: [next(texts) if isinstance(i, list) else i for i in given]}


def _is_id(value: Any) -> bool:
    return type(value) is int and value >= 0


def _texts(tokenizer: ModelTokenizer, field: str, lists: Sequence[Sequence[int]]) -> list[str]:
    if sum(map(len, lists)) > MAX_IDS:
        text = localized("many-token-ids", limit=MAX_IDS)
        raise RequestError(text, code="too_many_tokens", param=f"/{field}")
    try:
        return tokenizer.texts(lists)
    except ValueError:
        text = localized("unknown-token-id", place=f"/{field}")
        raise RequestError(text, code="unknown_token_id", param=f"/{field}") from None
