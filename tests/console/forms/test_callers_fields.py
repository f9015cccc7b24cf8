"""For whom a rule is: the form and the YAML say the same, and comments stay."""

from __future__ import annotations

from typing import Any

import pytest
from threegate.console.forms.rule_fields import read_fields, write_fields

from tests.console.forms.test_rule_fields import TEXT, sent

CHOSEN = """\
    when:   # agreed with HR
      not_tenant: [hr]   # until the new tool is there
      not_key: [key_1]
"""
DETECT, CALLS = TEXT, TEXT.replace("layer: input", "layer: constraint")


def with_when(when: str, text: str = TEXT) -> str:
    assert "    detect:" in text
    return text.replace("    detect:", when + "    detect:", 1)


def edited(text: str, **form: str) -> str:
    return write_fields(text, "p.one", sent(read_fields(text, "p.one")) | form)


def who(text: str) -> tuple[str, dict[str, Any]]:
    fields = read_fields(text, "p.one")
    return fields["who"], {k: v for k, v in fields["callers"].items() if v}


@pytest.mark.parametrize(
    ("form", "when", "read"),
    [
        ({"who": "but", "not_tenant.hr": "on"}, "{not_tenant: [hr]}", "but"),
        ({"who": "but", "not_tenant": "hr\nlab*"}, "{not_tenant: [hr, 'lab*']}", "but"),
        ({"who": "but", "not_key.key_1": "on"}, "{not_key: [key_1]}", "but"),
        ({"who": "only", "tenant.hr": "on", "tenant": "lab"}, "{tenant: [hr, lab]}", "only"),
        (
            {"who": "both", "tenant.hr": "on", "not_key.key_1": "on"},
            "{tenant: [hr], not_key: [key_1]}",
            "both",
        ),
    ],
)
def test_the_choice_becomes_a_condition_and_back(
    form: dict[str, str], when: str, read: str
) -> None:
    text = edited(TEXT, **form)
    assert f"    when: {when}\n" in text
    assert who(text)[0] == read
    assert write_fields(text, "p.one", sent(read_fields(text, "p.one"))) == text
    assert edited(text, who="all") == TEXT


def test_only_the_names_of_the_choice_count() -> None:
    """What is left in a field that the choice hides has no effect."""
    form = {"tenant": "a", "not_tenant": "b", "not_key.key_1": "on"}
    assert "when: {tenant: [a]}" in edited(TEXT, who="only", **form)
    assert "when: {not_tenant: [b], not_key: [key_1]}" in edited(TEXT, who="but", **form)
    assert edited(TEXT, who="all", **form) == TEXT


def test_comments_are_kept() -> None:
    text = with_when(CHOSEN)
    assert who(text) == ("but", {"not_tenant": "hr", "not_key": "key_1"})
    assert write_fields(text, "p.one", sent(read_fields(text, "p.one"))) == text
    more = edited(text, **{"not_key": "", "not_key.key_2": "on", "model": "r1"})
    assert (
        "when:   # agreed with HR\n      not_tenant: [hr]   # until the new tool is there\n" in more
    )
    assert who(more) == ("but", {"not_tenant": "hr", "not_key": "key_2", "model": "r1"})
