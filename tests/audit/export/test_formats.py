from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.audit import Record, Stage
from threegate.audit.export.formats import FLAT, cell, flat, ocsf
from threegate.audit.log.encoding import canonical, entry, event

from tests.audit.conftest import record


def parsed(made: Record) -> dict[str, Any]:
    line = entry(
        canonical(event(made, "a1" * 12, 1, [], "")),
        prev=bytes(32),
        seq=3,
        ts_us=1_795_000_000_123_456,
        writer="w",
    )
    return dict(json.loads(line))


FULL = parsed(
    record(
        "r1",
        Stage.BLOCKED,
        trace_id="0" * 31 + "1",
        span_id="0" * 15 + "2",
        endpoint="/v1/chat/completions",
        model_served="r1-served",
        finish_reason="stop",
        timings_ms={"total": 12.5},
        degraded=("guard:timeout",),
    )
)
BARE = parsed(Record(stage=Stage.POLICY, detail={"verb": "activate"}))


def test_flat_columns_are_always_all_there() -> None:
    for made in (FULL, BARE):
        assert tuple(flat(made)) == FLAT
    row = flat(FULL)
    assert (row["rules"], row["shadow_rules"]) == ("pii.cn.id_card", "out.hazard")
    assert (row["stage"], row["tenant"], row["input_tokens"]) == ("blocked", "retail", 3)


@pytest.mark.parametrize("start", [*"=+-@＝＋－＠\t\r\n"])
def test_no_cell_starts_a_formula(start: str) -> None:
    assert cell(f"{start}x") == f"'{start}x"


@pytest.mark.parametrize("start", [*"=+-@＝＋－＠"])
@pytest.mark.parametrize("split", [*";\t\r\n"])
def test_no_cell_starts_a_formula_where_semicolons_split_a_line(split: str, start: str) -> None:
    assert cell(f"gpt{split}{start}1+1;x") == f"gpt{split}'{start}1+1;x"


@given(st.text() | st.integers())
def test_other_cells_are_left_alone(value: str | int) -> None:
    if re.search(r"[;\t\r\n][=+\-@＝＋－＠]", str(value)):
        assert str(cell(value)).replace("'", "") == str(value).replace("'", "")
    else:
        assert cell(value) in (value, f"'{value}")


def test_ocsf_says_who_what_and_that_it_was_blocked() -> None:
    made = ocsf(FULL)
    assert (made["class_uid"], made["type_uid"], made["category_uid"]) == (6003, 600301, 6)
    assert (made["action_id"], made["disposition_id"]) == (2, 2)
    assert made["time"] == 1_795_000_000_123
    assert made["message_context"] == {"prompt_tokens": 3, "completion_tokens": 5}
    assert made["policy"]["uid"] == "sha256:abc"
    assert ocsf(BARE)["action_id"] == 1
