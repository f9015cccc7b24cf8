"""Snippets are valid structure: filled in, each is a pack that loads."""

from __future__ import annotations

import re

import pytest
from threegate.policy.language.completion import ITEM, complete
from threegate.policy.language.load import load_text
from threegate.policy.language.problems import Severity
from threegate.policy.language.snippets import SNIPPETS, snippet

HEAD = "pack: p\ntitle: {zh: 甲, en: A}\n"


def filled(text: str, indent: str) -> str:
    plain = re.sub(r"\$\{([^}]*)\}", r"\1", text)
    return plain.replace("\t", "  ").replace("\n", "\n" + indent)


@pytest.mark.parametrize(("part", "key"), SNIPPETS)
def test_each_is_valid_structure(part: str, key: str) -> None:
    text = filled(SNIPPETS[part, key], "  " if (part, key) == ("rules", "id") else "    ")
    whole = HEAD + "rules:\n  - " + filled(SNIPPETS["rules", "id"], "  ")
    if part == "":
        whole = re.sub(rf"^{key}:.*\n", "", HEAD, flags=re.M) + filled(SNIPPETS[part, key], "")
    elif key != "id":
        old = re.compile(rf"\n    {key}:.*(?:\n      .*)*")
        whole = old.sub("", whole) + "\n    " + text
    _, problems = load_text(whole.encode(), "p.yaml")
    assert [p for p in problems if p.severity is Severity.ERROR] == [], whole


def test_they_go_with_keys_that_are_offered() -> None:
    offered = {c.text for c in complete("rules:\n  - ", 2, 5)}
    assert {key for part, key in SNIPPETS if part} <= offered
    assert snippet(("rules", ITEM), "id") == SNIPPETS["rules", "id"]
    assert snippet(("rules", ITEM, "except", ITEM), "id") == ""
    assert snippet(("value",), "id") == ""
