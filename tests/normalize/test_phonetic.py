"""How texts phonetic, and where in the original a phonetic begins and ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from threegate.normalize.phonetic import phonetic


def test_characters_become_syllables_with_their_places() -> None:
    heard = phonetic("毒品!")
    assert heard.text == "dupin|"
    assert heard.starts[0] == 0
    assert heard.ends[2] == 1
    assert heard.starts[2] == 1
    assert heard.ends[5] == 2


def test_latin_words_sound_as_they_are_written_and_count_whole() -> None:
    heard = phonetic("Du pin dupin")
    assert heard.text == "dupindupin"
    assert sorted(heard.starts.values()) == [0, 3, 7]
    assert sorted(heard.ends.values()) == [2, 6, 12]


@given(st.text("毒品abc !绿lv", max_size=20))
def test_every_place_is_in_the_text(text: str) -> None:
    heard = phonetic(text)
    assert all(0 <= i < len(text) for i in heard.starts.values())
    assert all(0 < i <= len(text) for i in heard.ends.values())
