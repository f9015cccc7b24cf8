"""What requests and answers name that a model API has stored."""

from __future__ import annotations

from typing import Any

import pytest
from threegate.wire import stored

OWN = "-own"


def mark(id: str) -> str:
    return id if id.endswith(OWN) else id + OWN


def opened(id: str) -> str | None:
    return id.removesuffix(OWN) if id.endswith(OWN) else None


def user(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


FOREIGN: dict[str, dict[str, Any]] = {
    "/previous_response_id": {"previous_response_id": "resp_1"},
    "/conversation": {"conversation": {"id": "conv_1"}},
    "/container": {"container": "container_1"},
    "/prompt": {"prompt": {"id": "pmpt_1"}},
    "/input/0": {"input": [{"type": "item_reference", "id": "msg_1"}]},
    "/input/1": {"input": ["x", {"id": "msg_1"}]},
    "/input/2": {"input": ["x", "y", {"type": "reasoning", "id": "rs_1", "summary": []}]},
    "/input/3": {"input": [*"xyz", {"type": "image_generation_call", "id": "ig_1"}]},
    "/input/7": {
        "input": [*"tuvwxyz", {"type": "mcp_approval_response", "approval_request_id": "mcpr_1"}]
    },
    "/input/5": {"input": [*"vwxyz", {"type": "item_reference", "id": "msg_1", "text": "x"}]},
    "/input/6": {"input": [*"uvwxyz", {"type": None, "id": "msg_1", "text": "x"}]},
    "/input/4/container_id": {
        "input": [*"wxyz", {"type": "code_interpreter_call", "code": "1", "container_id": "c_1"}]
    },
    "/input/0/content/0/file_id": {"input": [user({"type": "input_file", "file_id": "f_1"})]},
    "/messages/0/content/0/file/file_id": {
        "messages": [user({"type": "file", "file": {"file_id": "f_1"}})]
    },
    "/messages/0/content/0/source/file_id": {
        "messages": [user({"type": "document", "source": {"type": "file", "file_id": "f_1"}})]
    },
    "/messages/0/content/0/content/0/file_id": {
        "messages": [
            user({"type": "tool_result", "content": [{"type": "image", "file_id": "f_1"}]})
        ]
    },
    "/messages/0/audio": {"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]},
    "/tools/0/vector_store_ids": {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]},
    "/tools/0/container": {"tools": [{"type": "code_interpreter", "container": "c_1"}]},
    "/tools/0/container/file_ids": {
        "tools": [{"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["f_1"]}}]
    },
}


@pytest.mark.parametrize("place", FOREIGN)
def test_what_another_may_have_stored_is_found(place: str) -> None:
    assert stored.opened(FOREIGN[place], opened)[1] == place


NAMED_ONLY: list[dict[str, Any]] = [
    {"prompt": "a text"},
    {"input": [{"type": "message", "id": "msg_1", "content": "a text"}]},
    {"input": [{"role": "assistant", "id": "msg_1", "content": "a text"}]},
    {"input": [{"type": "function_call", "id": "fc_1", "name": "f", "arguments": "{}"}]},
    {"input": [{"type": "reasoning", "id": "rs_1", "encrypted_content": "gA"}]},
    {"input": [user({"type": "output_text", "text": "x", "annotations": [{"file_id": "f_1"}]})]},
    {"messages": [user({"type": "tool_use", "id": "tu_1", "input": {"file_id": "f_1"}})]},
    {"tools": [{"name": "f", "parameters": {"properties": {"file_id": {"type": "string"}}}}]},
    {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
]


@pytest.mark.parametrize("body", NAMED_ONLY)
def test_what_is_complete_by_itself_refers_to_nothing(body: dict[str, Any]) -> None:
    assert stored.opened(body, opened) == (body, "")


def test_marked_ids_come_back_as_the_model_api_knows_them() -> None:
    response = {
        "id": "resp_1",
        "previous_response_id": "resp_0",
        "output": [
            {"type": "reasoning", "id": "rs_1"},
            {"type": "code_interpreter_call", "id": "ci_1", "container_id": "c_1"},
        ],
    }
    frame: dict[str, Any] = {"item_id": "rs_1", "response": response, "item": {"id": "rs_1"}}
    stored.mark_event(frame, mark)
    stored.mark_event(frame, mark)
    assert frame["item_id"] == frame["item"]["id"] == "rs_1-own"
    body = {"previous_response_id": response["id"], "input": response["output"]}
    assert stored.opened(body, opened) == (
        {
            "previous_response_id": "resp_1",
            "input": [
                {"type": "reasoning", "id": "rs_1"},
                {"type": "code_interpreter_call", "id": "ci_1", "container_id": "c_1"},
            ],
        },
        "",
    )


def test_an_approval_names_the_request_as_the_model_api_knows_it() -> None:
    response: dict[str, Any] = {"output": [{"type": "mcp_approval_request", "id": "mcpr_1"}]}
    stored.mark_response(response, mark)
    asked = response["output"][0]["id"]
    said = {"type": "mcp_approval_response", "approve": True, "approval_request_id": asked}
    own = {**said, "approval_request_id": "mcpr_1"}
    assert stored.opened({"input": [said]}, opened) == ({"input": [own]}, "")


def test_a_container_of_an_answer_can_be_named_again() -> None:
    shell = {"type": "shell_call", "id": "sh_1", "environment": {"container_id": "c_1"}}
    response: dict[str, Any] = {"output": [shell, {"type": "code_interpreter_call", "id": "ci_1"}]}
    response["output"][1]["container_id"] = "c_2"
    stored.mark_response(response, mark)
    one, two = response["output"]
    tools = [
        {"type": "code_interpreter", "container": two["container_id"]},
        {"type": "shell", "environment": one["environment"]},
    ]
    made, foreign = stored.opened({"input": [one], "tools": tools}, opened)
    assert (foreign, made["input"][0]["environment"]) == ("", {"container_id": "c_1"})
    assert made["tools"] == [
        {"type": "code_interpreter", "container": "c_2"},
        {"type": "shell", "environment": {"container_id": "c_1"}},
    ]


@pytest.mark.parametrize("odd", [{"response": None}, {"item": 1}, {"response": {"output": 1}}])
def test_odd_frames_are_left_alone(odd: dict[str, Any]) -> None:
    before = dict(odd)
    stored.mark_event(odd, mark)
    assert odd == before
