"""Words come in clean, and what is left out is named by its row."""

from __future__ import annotations

from threegate.policy.language.wordlist import imported, list_file


def test_cleaning_and_faults() -> None:
    found = imported(
        {"text": word, "risk": "gbt45654.A1.a"}
        for word in [
            "海燕计划",
            " 海燕计划 ",
            "的",
            "好",
            "ab",
            "Ｐｅｔｒｅｌ",
            "pe\u200btrel",
            "x" * 101,
            "",
        ]
    )
    assert found.words == ("海燕计划", "Petrel")
    assert (found.repeated, found.common, found.short, found.long) == ((2, 7), (3,), (4, 5), (8,))
    assert found.left_out == 6
    assert found.risks == {"gbt45654.A1.a": 2}


def test_a_word_column_will_do_and_no_word_is_shown() -> None:
    found = imported([{"word": "Project Petrel"}])
    assert found.words == ("Project Petrel",)
    assert "Petrel" not in repr(found)


def test_a_word_never_becomes_a_comment() -> None:
    assert imported([{"text": "#Petrel"}]).words == ("Petrel",)
    assert list_file(["Petrel"], "x.csv") == "# x.csv\nPetrel\n"
