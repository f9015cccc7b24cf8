from __future__ import annotations

import pytest
from threegate.errors import RequestError
from threegate.types import Bilingual
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Outcome, OutcomeKind, Placement, StreamOptions

from tests.wire.playbook import Delay, decode, replay
from tests.wire.samples import RAW_R1

COMPLETIONS = ADAPTERS[1]


def test_prompt_suffix_and_lists_are_texts() -> None:
    body = {"model": "m", "prompt": "a", "suffix": "b", "user": "u", "stop": "s"}
    found = {s.pointer: s.text for s in COMPLETIONS.request_slots(body)}
    assert found == {"/prompt": "a", "/suffix": "b", "/user": "u", "/stop": "s"}
    found = {s.pointer: s.text for s in COMPLETIONS.request_slots({"prompt": ["a", "b"]})}
    assert found == {"/prompt/0": "a", "/prompt/1": "b"}


@pytest.mark.parametrize("prompt", [[1, 2], [[1, 2]], ["a", 3]])
def test_token_ids_are_refused(prompt: object) -> None:
    with pytest.raises(RequestError, match="token ids") as caught:
        COMPLETIONS.request_slots({"prompt": prompt})
    assert caught.value.param.startswith("/prompt/")


def test_the_constitution_goes_in_front_of_every_prompt() -> None:
    place = COMPLETIONS.place_system
    assert place({"prompt": "a"}, "R.", Placement.SYSTEM) == {"prompt": "R.\n\na"}
    assert place({"prompt": ["a", ""]}, "R.", Placement.SYSTEM) == {"prompt": ["R.\n\na", "R."]}


def test_a_whole_answer_with_inline_reasoning() -> None:
    body = {"choices": [{"index": 0, "text": "<think>a</think>b", "logprobs": {"tokens": ["a"]}}]}
    found = {s.pointer: (str(s.locus.channel), s.text) for s in COMPLETIONS.response_slots(body)}
    assert found == {
        "/choices/0/text#think": ("reasoning", "a"),
        "/choices/0/text#answer": ("content", "b"),
    }
    made = COMPLETIONS.put(body, {"/choices/0/text#answer": "X"})["choices"][0]
    assert (made["text"], made["logprobs"]) == ("<think>a</think>X", None)
    assert COMPLETIONS.hide_reasoning(body)["choices"][0]["text"] == "b"
    body["choices"][0]["logprobs"] = {"tokens": ["a"]}
    assert COMPLETIONS.hide_reasoning(body)["choices"][0]["logprobs"] is None


def test_streamed_reasoning_can_be_hidden() -> None:
    made = replay(COMPLETIONS.stream({}, StreamOptions(show_reasoning=False)), decode([RAW_R1]))
    assert b"think" not in made
    assert b'"text":"c"' in made
    machines = Delay()
    replay(COMPLETIONS.stream({}), decode([RAW_R1]), machines)
    assert sorted(machines.seen.values()) == ["ab", "c"]


def test_blocked() -> None:
    made = COMPLETIONS.blocked({}, Outcome(OutcomeKind.BLOCK, "d", "r", Bilingual("不行", "No")))
    assert made["choices"][0]["text"] == "不行\nNo"
    assert made["choices"][0]["finish_reason"] == "content_filter"
    assert made["threegate"]["rule_id"] == "r"


@pytest.mark.parametrize(
    ("asked", "most"),
    [
        ({"prompt": "a"}, 128),
        ({"prompt": ["a"] * 200, "n": 2}, 400),
        ({"prompt": [1] * 3000}, 128),
        ({"prompt": ["a"] * 9, "n": 10**9}, 4096),
    ],
)
def test_how_many_choices_an_answer_may_have(asked: dict[str, object], most: int) -> None:
    """A list of token ids is one prompt."""
    assert COMPLETIONS.most_choices(asked) == most
