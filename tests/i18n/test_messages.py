"""What callers are told is in both languages, each entry is used, and no error is worded beside them."""

from __future__ import annotations

import ast
import re
import string

import pytest
from threegate.i18n.messages import ERRORS, either, localized
from threegate.types import Bilingual
from threegate.wire.request_schema import JsonType

from tests.source import calls, named, trees

NAMES = {
    "AI", "API", "ASCII", "BUFFERED", "DUPLEX", "Envoy", "FULL", "JSON", "STREAMED", "UTF", "choice",
    "choices", "cors", "ext", "index", "json", "proc", "tokenizer", "upstreams",
}  # fmt: skip
"""What a protocol, a standard or a setting calls so in every language."""
MADE = {"limit-": ("requests", "calls", "tokens"), "upstream-": ("away", "busy")}
"""Entries whose name is put together."""


def ours() -> list[ast.Call]:
    """Calls of the modules that word what a caller is told."""
    told = "from threegate.i18n.messages import"
    read = (tree for path, tree in trees().items() if told in path.read_text("utf-8"))
    return [node for tree in read for node in ast.walk(tree) if isinstance(node, ast.Call)]


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_chinese_has_no_english_words_but_names() -> None:
    bare = {name: re.sub(r"\{\w+\}", "", entry.zh) for name, entry in ERRORS.items()}
    words = {name: set(re.findall(r"[A-Za-z]+", text)) - NAMES for name, text in bare.items()}
    assert {name: left for name, left in words.items() if left} == {}


def test_no_two_entries_say_the_same() -> None:
    for language in ("zh", "en"):
        texts = [entry.get(language) for entry in ERRORS.values()]
        assert len(set(texts)) == len(texts)


def test_each_entry_is_used_with_its_details() -> None:
    """`_refused` of a module adds where it is."""
    used = {prefix + end for prefix, ends in MADE.items() for end in ends} | set(JsonType)
    for call in ours():
        first = call.args[0] if call.args else None
        if named(call) not in ("localized", "_refused") or not isinstance(first, ast.Constant):
            continue
        name = str(first.value)
        used.add(name)
        given = {str(word.arg) for word in call.keywords}
        place = {"place"} if named(call) == "_refused" else set[str]()
        assert holes(ERRORS[name].en) <= given | place
        assert given <= holes(ERRORS[name].en)
    for call in calls():
        if named(call) == "parse_answer" and len(call.args) == 2:
            used.add(str(getattr(call.args[1], "value", "")))
    assert used | {"answer"} == set(ERRORS)


def test_put_together_names_are_in_the_table() -> None:
    joined = [
        c.args[0]
        for c in ours()
        if named(c) == "localized" and isinstance(c.args[0], ast.JoinedStr)
    ]
    assert {str(getattr(j.values[0], "value", "")) for j in joined} == set(MADE)
    assert all(prefix + end in ERRORS for prefix, ends in MADE.items() for end in ends)


def test_no_error_of_the_api_is_worded_beside_the_table() -> None:
    """The one that is not is a rule's own message."""
    made = [c for c in calls() if named(c) in ("RequestError", "UpstreamError") and c.args]
    assert len(made) > 30
    for call in made:
        first = call.args[0]
        assert isinstance(first, ast.Name | ast.Call | ast.Attribute)
        if isinstance(first, ast.Call):
            assert named(first) == "localized"


def test_details_may_be_in_both_languages_themselves() -> None:
    assert localized("key") == ERRORS["key"]
    told = localized("kind", place="n", kinds=either(("string", "array")))
    assert told == Bilingual("n 应为字符串或数组", "n must be a string or an array")
    with pytest.raises(KeyError):
        localized("kind", place="n")


def test_braces_of_a_detail_stay_what_they_are() -> None:
    assert localized("twice", place="/{limit}").zh.endswith("/{limit}")
