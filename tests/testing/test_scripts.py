from __future__ import annotations

import json
from typing import Any

import pytest
from threegate.testing.scripts import SCENES, Prompt, Scene, pieces, reply_to

TOOLS = (("find", {"properties": {"q": {"type": "string"}}}), ("put", {}))


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_every_scene_answers_in_both_languages(scene: Scene) -> None:
    assert reply_to(Prompt(question=f"…{scene.question.zh}")) is scene.reply[0]
    assert reply_to(Prompt(question=f"{scene.question.en} Please.")) is scene.reply[1]
    assert all(reply.answer and reply.reasoning for reply in scene.reply)


def test_scenes_do_not_shadow_each_other() -> None:
    questions = [q for s in SCENES for q in (s.question.zh, s.question.en)]
    assert not [(a, b) for a in questions for b in questions if a != b and a in b]


def test_everything_else_is_echoed_in_the_language_of_the_question() -> None:
    assert reply_to(Prompt(question="号码13800138000")).answer.startswith(
        "您说的是：号码13800138000"
    )
    assert reply_to(Prompt(question="number 42")).answer.startswith("You said: number 42")
    assert "库存3" in reply_to(Prompt(question="x", tool_result="库存3")).answer


def test_tools_are_called_when_asked_for() -> None:
    def calls(question: str, **more: bool) -> list[str]:
        return [name for name, _ in reply_to(Prompt(question=question, tools=TOOLS, **more)).calls]

    assert calls("hello") == []
    assert calls("use a tool") == ["find"]
    assert calls("请查一下") == ["find"]
    assert calls("call put") == ["find"]
    assert calls("call both tools") == ["find", "put"]
    assert calls("hello", must_call=True) == ["find"]
    asked = reply_to(Prompt(question="look up 13800138000", tools=TOOLS))
    assert asked.calls[0][1] == {"q": "look up 13800138000"}
    after = Prompt(question="use a tool", tools=TOOLS, tool_result="done")
    assert reply_to(after).calls == ()


def test_arguments_fit_their_schema() -> None:
    schema = {
        "properties": {
            "kind": {"enum": ["a", "b"]},
            "n": {"type": "integer"},
            "ok": {"type": "boolean"},
            "list": {"type": "array"},
            "in": {"type": "object", "properties": {"x": {"type": "number"}}},
        }
    }
    made = reply_to(Prompt(question="tool", tools=(("t", schema),))).calls[0][1]
    assert made == {"kind": "a", "n": 3, "ok": True, "list": ["tool"], "in": {"x": 1.5}}


def test_pieces_are_small_and_make_the_whole() -> None:
    text = "Your number 13800138000, 身份证号码 11010519491231002X.\n\nok"
    assert "".join(pieces(text)) == text
    assert not any("138001" in piece for piece in pieces(text))


@pytest.mark.parametrize(
    ("schema", "made"),
    [
        ({}, {"text": "Q"}),
        ({"properties": {"a": {"type": "string"}, "n": {"type": "integer"}}}, {"a": "Q", "n": 3}),
        ({"properties": {"a": {"type": "array", "items": {"type": "number"}}}}, {"a": [1.5]}),
        ({"properties": {"a": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}}}, {"a": True}),
        (
            {
                "$defs": {"B": {"type": "object", "properties": {"c": {"enum": ["x", "y"]}}}},
                "properties": {"b": {"$ref": "#/$defs/B"}},
            },
            {"b": {"c": "x"}},
        ),
        ({"properties": {"a": True}}, {"a": "Q"}),
        ({"properties": [1]}, {"text": "Q"}),
    ],
)
def test_a_structured_answer_fits_its_schema(schema: Any, made: dict[str, Any]) -> None:
    reply = reply_to(Prompt(question="Q", answer_schema=schema))
    assert json.loads(reply.answer) == made
