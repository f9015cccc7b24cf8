from __future__ import annotations

import pytest
from threegate.types import Bilingual, Channel, Layer, TextLocation
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Api, Delta, Outcome, OutcomeKind, Slot, StreamKey


def test_every_api_has_one_adapter_and_every_path_belongs_to_one() -> None:
    assert [adapter.api for adapter in ADAPTERS] == list(Api)
    paths = [path for adapter in ADAPTERS for path in adapter.paths]
    assert len(paths) == len(set(paths))
    assert all(path.startswith("/") for path in paths)


@pytest.mark.parametrize(
    ("kind", "message", "answer", "text"),
    [
        (OutcomeKind.BLOCK, Bilingual("不", "no"), None, "不\nno"),
        (OutcomeKind.BLOCK, Bilingual("same", "same"), None, "same"),
        (OutcomeKind.BLOCK, Bilingual("", "no"), None, "no"),
        (OutcomeKind.ANSWER, Bilingual("不", "no"), "reply", "reply"),
        (OutcomeKind.TRUNCATE, Bilingual("不", "no"), None, ""),
    ],
)
def test_what_the_client_reads(
    kind: OutcomeKind, message: Bilingual, answer: str | None, text: str
) -> None:
    outcome = Outcome(kind, "d", "r", message, answer)
    assert outcome.text == text
    assert outcome.note["decision_id"] == "d"
    assert ("message" in outcome.note) is (kind is OutcomeKind.BLOCK)


def test_no_repr_shows_text() -> None:
    key = StreamKey(0, Channel.CONTENT)
    slot = Slot(TextLocation(Layer.INPUT, Channel.USER), "/a", "canary")
    assert "canary" not in repr((slot, Delta(key, "canary")))
