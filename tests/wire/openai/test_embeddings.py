from __future__ import annotations

import pytest
from threegate.errors import RequestError, UpstreamError
from threegate.types import Bilingual
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Outcome, OutcomeKind

EMBEDDINGS = next(a for a in ADAPTERS if a.api == "embeddings")


def test_inputs_are_texts_and_token_ids_are_refused() -> None:
    found = {s.pointer: s.text for s in EMBEDDINGS.request_slots({"input": ["a", "b"]})}
    assert found == {"/input/0": "a", "/input/1": "b"}
    assert EMBEDDINGS.request_slots({"input": "a"})[0].pointer == "/input"
    with pytest.raises(RequestError):
        EMBEDDINGS.request_slots({"input": [[1, 2]]})


def test_a_block_is_an_error() -> None:
    outcome = Outcome(OutcomeKind.BLOCK, "d", "r", Bilingual("不行", "No"))
    made = EMBEDDINGS.blocked({}, outcome)
    assert EMBEDDINGS.blocked_status == 400
    assert made["error"]["code"] == "content_filter"
    assert made["threegate"]["decision_id"] == "d"


def test_there_is_no_answer_text_and_no_stream() -> None:
    for vector in ([1.0], "AACAPw=="):
        assert EMBEDDINGS.response_slots({"data": [{"embedding": vector}]}) == ()
    (text,) = EMBEDDINGS.response_slots({"data": [{"embedding": "call 13912345678"}]})
    assert text.pointer == "/data/0/embedding"
    assert not EMBEDDINGS.streamed({"stream": True})
    assert EMBEDDINGS.choices({}) == 0
    assert EMBEDDINGS.finish_reasons({}) == ()
    with pytest.raises(UpstreamError):
        EMBEDDINGS.stream({})


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ({"data": [{"embedding": [0.5, "call 13912345678"]}]}, "/data/0/embedding/1"),
        ({"data": [{"embedding": {"x": "call 13912345678"}}]}, "/data/0/embedding/x"),
        ({"data": [{"embedding": [1.0]}, "call 13912345678"]}, "/data/1"),
        ({"data": "call 13912345678"}, "/data"),
    ],
)
def test_what_is_no_vector_is_text(answer: dict[str, object], place: str) -> None:
    assert [slot.pointer for slot in EMBEDDINGS.response_slots(answer)] == [place]
