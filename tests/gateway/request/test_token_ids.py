"""Texts given as token ids, with the tokenizer of a classifier that is shipped here."""

from __future__ import annotations

from typing import Any

import pytest
from threegate.errors import RequestError
from threegate.gateway.request.token_ids import MAX_IDS, decoded
from threegate.upstream.tokens import ModelTokenizer, tokenizer_of
from threegate.wire.adapter import Api
from threegate_classifiers.registry import SHIPPED as MODELS
from threegate_classifiers.registry import find

PATH = str(find(MODELS, "guard").folder / "tokenizer.json")
TOKENIZER = tokenizer_of(PATH)
TEXT = "my mobile number is 13812345678"


def ids_of(text: str) -> list[int]:
    from tokenizers import Tokenizer

    return list(Tokenizer.from_file(PATH).encode(text, add_special_tokens=False).ids)


def body(given: Any, field: str = "input") -> dict[str, Any]:
    return {"model": "m", field: given}


@pytest.mark.parametrize(("api", "field"), [(Api.EMBEDDINGS, "input"), (Api.COMPLETIONS, "prompt")])
def test_ids_become_the_text_that_they_stand_for(api: Api, field: str) -> None:
    ids = ids_of(TEXT)
    assert decoded(api, body(ids, field), TOKENIZER)[field].replace(" ", "") == (
        TEXT.replace(" ", "")
    )
    several = decoded(api, body([ids, "text", ids], field), TOKENIZER)[field]
    assert several[1] == "text"
    assert several[0] == several[2]
    assert "13812345678" in several[0].replace(" ", "")


@pytest.mark.parametrize(
    "given", ["text", ["text"], [], [1.5], [[]], [["a"]], [True], [[-1]], None]
)
def test_what_is_no_list_of_ids_stays_for_the_adapter(given: Any) -> None:
    assert decoded(Api.EMBEDDINGS, body(given), TOKENIZER) == body(given)


def test_without_a_tokenizer_nothing_is_decoded() -> None:
    assert decoded(Api.EMBEDDINGS, body([1, 2]), None) == body([1, 2])
    assert decoded(Api.CHAT, body([1, 2]), TOKENIZER) == body([1, 2])


@pytest.mark.parametrize(
    ("ids", "code"), [([10**9], "unknown_token_id"), ([5] * (MAX_IDS + 1), "too_many_tokens")]
)
def test_ids_that_cannot_be_read_are_refused(ids: list[int], code: str) -> None:
    with pytest.raises(RequestError) as refused:
        decoded(Api.EMBEDDINGS, body(ids), TOKENIZER)
    assert (refused.value.code, refused.value.param) == (code, "/input")


def test_special_tokens_are_not_left_out() -> None:
    assert isinstance(TOKENIZER, ModelTokenizer)
    (text,) = TOKENIZER.texts([[0, *ids_of("hello")]])
    assert len(text) > len("hello")
