"""Values of a policy know their places; what goes on to a model API does not."""

from __future__ import annotations

import orjson
from threegate.policy.language.problems import Mark
from threegate.policy.language.shapes import Word, place, plain

AT = Mark("packs/a.yaml", 3, 5)


def test_a_word_knows_its_place() -> None:
    assert place(Word("a", AT)) == AT
    assert place("a", AT) == AT


def test_a_plain_value_is_json_however_deep() -> None:
    value = {Word("thinking", AT): {Word("type", AT): Word("on", AT), "n": (1, Word("x", AT))}}
    made = plain(value)
    assert orjson.loads(orjson.dumps(made)) == {"thinking": {"type": "on", "n": [1, "x"]}}
    assert {type(k) for k in made} == {str}
    assert type(made["thinking"]["type"]) is str
