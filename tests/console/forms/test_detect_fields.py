"""What a rule looks for, by the form: the parts that the rule brings itself."""

from __future__ import annotations

import pytest
from threegate.console.errors import ConsoleError
from threegate.console.forms.rule_fields import read_fields, write_fields

from tests.console.forms.test_rule_fields import TEXT, edited, sent


def test_a_list_that_another_rule_uses_stays_when_one_lets_it_go() -> None:
    text = edited(words="", **{"kind.pii.email": "on"})
    assert "codes:" in text
    assert read_fields(text, "p.one")["kinds"] == ["pii.email"]
    alone = write_fields(text, "p.two", sent(read_fields(text, "p.two")) | {"words": ""})
    assert "lists" not in alone


def test_rows_of_a_table_are_no_words() -> None:
    """Pasted from a spreadsheet, a name and its number became one word, which no text holds."""
    with pytest.raises(ConsoleError, match="pasted-columns"):
        edited(words="稳盈宝\tP01\n安心存\tP02")


def test_examples_follow_the_check_digits() -> None:
    """Those of a template contradicted a scheme that was chosen, where the form does not show
    them."""
    head = "pack: p\ntitle: {zh: 甲, en: A}\ndetectors:\n  two:\n    regex: 'LC-\\d{10}'\n"
    head += "    examples: {match: [LC-4539148802], no_match: [LC-1]}\n"
    text = head + TEXT[TEXT.index("rules:") :].replace("list.codes", "pattern.two")
    form = sent(read_fields(text, "p.one")) | {
        "check_digits": "luhn", "match": "LC-4539148801", "no_match": "LC-4539148802",
    }  # fmt: skip
    made = write_fields(text, "p.one", form)
    assert "check_digits: luhn" in made
    assert "LC-4539148802" not in made[: made.index("LC-4539148801")]


def test_examples_of_a_format_that_says_its_edges_stay() -> None:
    """`edges: true` is what the form has without the key."""
    head = "pack: p\ntitle: {zh: 甲, en: A}\ndetectors:\n  two:\n    regex: 'LC-\\d{10}'\n"
    head += "    edges: true\n    examples: {match: [LC-4539148802], no_match: [LC-1]}\n"
    text = head + TEXT[TEXT.index("rules:") :].replace("list.codes", "pattern.two")
    assert "LC-1]" in write_fields(text, "p.one", sent(read_fields(text, "p.one")))


def test_examples_that_the_form_took_from_the_tests_change_with_them() -> None:
    """A real example that was typed before the tests left the format without any example for good:
    "the pattern has no examples", whatever was written under Tests."""
    text = edited(
        **{"kind.list.codes": "", "regex": r"HT-\d{4}", "match": "合同HT-1", "no_match": "x"}
    )
    typed = sent(read_fields(text, "p.one")) | {"match": "合同HT-2024", "no_match": "HT\nHT-1"}
    text = write_fields(text, "p.one", typed)
    assert "- 合同HT-2024" in text[: text.index("rules:")]
    text = write_fields(text, "p.one", typed | {"match": "合同HT-2024到期"})
    assert "- 合同HT-2024到期" in text[: text.index("rules:")]
    assert "- HT-1" in text[: text.index("rules:")]
