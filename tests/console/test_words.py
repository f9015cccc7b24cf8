from __future__ import annotations

from threegate.audit.record import Stage
from threegate.console.words import ACTION, BOOKS, STAGE, family, name
from threegate.policy.kinds import KIND_INFOS
from threegate.policy.lifecycle import Role
from threegate.policy.lifecycle import Stage as Standing
from threegate.policy.vocabulary import kind_title
from threegate.types import Action


def test_every_code_has_a_name_in_both_languages() -> None:
    assert set(ACTION) == {a.name.lower() for a in Action}
    assert set(STAGE) == {s.value for s in Stage}
    assert set(BOOKS["role"]) == {r.value for r in Role}
    assert set(BOOKS["version"]) == {s.value for s in Standing}
    for book in BOOKS.values():
        assert all(words.zh and words.en for words in book.values())


def test_unknown_codes_are_shown_as_they_are() -> None:
    assert name("action", "fly", "zh") == "fly"
    assert name("kind", "nothing.known", "zh") == "nothing.known"


def test_open_kinds_take_the_name_of_their_family() -> None:
    assert kind_title("list.autumn").zh == "词表 autumn"
    assert kind_title("secret.api_key").en.endswith(" api_key")
    assert "secret" in {info.kind for info in KIND_INFOS}


def test_families_have_a_colour() -> None:
    assert family("pii.cn.id_card") == "pii"
    assert family("something.else") == "other"
