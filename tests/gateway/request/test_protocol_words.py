from __future__ import annotations

from threegate.gateway.request.protocol_words import split, with_ids
from threegate.types import Channel, Layer, TextLocation
from threegate.wire.adapter import Slot


def word(pointer: str, text: str = "tel_13912345678") -> Slot:
    return Slot(TextLocation(Layer.INPUT, Channel.USER), pointer, text, word=True)


def test_texts_and_words_are_told_apart() -> None:
    text = Slot(TextLocation(Layer.INPUT, Channel.USER), "/messages/0/content", "hi")
    model = word("/model")
    assert split((text, model)) == ((text,), (model,))
    assert split((text,)) == ((text,), ())


def test_an_edited_id_is_another_id_and_the_same_in_a_conversation() -> None:
    words = [word("/messages/0/tool_calls/0/id"), word("/messages/1/tool_call_id"), word("/model")]
    texts = {w.pointer: "tel_[MOBILE_BCDF]" for w in words} | {"/messages/1/content": "text"}
    made = with_ids(texts, words, b"k" * 32)
    call, result, model = (made[w.pointer] for w in words)
    assert call == result == with_ids(texts, words, b"k" * 32)[words[0].pointer]
    assert call != with_ids(texts, words, b"l" * 32)[words[0].pointer]
    assert call.startswith("id_")
    assert (model, made["/messages/1/content"]) == ("tel_[MOBILE_BCDF]", "text")
    assert with_ids({}, words, b"k" * 32) == {}
