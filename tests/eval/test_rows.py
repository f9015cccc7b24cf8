from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from threegate.eval.rows import in_split, read, role_of, text_of, yes
from threegate.scan.item import LineError, Role, ScanItem


def labelled(row: Any) -> ScanItem:
    yes(row)
    return ScanItem(text_of(row))


def write(path: Path, rows: list[Any]) -> Path:
    data = "\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["set.jsonl", "set.jsonl.gz"])
def test_plain_and_gzipped(tmp_path: Path, name: str) -> None:
    rows = [
        {"text": "你好吗", "label": 1},
        {"text": "hi", "label": 0, "source": "s", "language": "x"},
    ]
    made = read([write(tmp_path / name, rows)], labelled)
    assert [(c.source, c.language) for c in made.cases] == [("set", "zh"), ("s", "x")]
    assert not made.left_out


def test_rows_that_cannot_be_used_are_counted_by_reason(tmp_path: Path) -> None:
    rows = [
        "{",
        "[]",
        "",
        {"label": 1},
        {"text": "a"},
        {"text": "a", "label": "maybe"},
        {"text": "a", "label": 1},
    ]
    made = read([write(tmp_path / "a.jsonl", rows)], labelled)
    assert len(made.cases) == 1
    assert sum(made.left_out.values()) == 5
    assert made.left_out["not a JSON object"] == 2


def test_one_row_in_eight_is_held_out_by_its_context(tmp_path: Path) -> None:
    rows = [
        {"id": str(i), "context_id": f"c{i // 2}", "text": "a", "label": 1} for i in range(2000)
    ]
    made = read([write(tmp_path / "a.jsonl", rows)], labelled, held_out=True)
    assert 0.09 < len(made.cases) / len(rows) < 0.16
    contexts = [c.row["context_id"] for c in made.cases]
    assert all(contexts.count(c) == 2 for c in contexts)
    assert all(in_split(c.row) for c in made.cases)


@pytest.mark.parametrize(
    ("row", "role"),
    [
        ({}, Role.USER),
        ({"role": "prompt"}, Role.USER),
        ({"role": "response"}, Role.ASSISTANT),
        ({"role": "reasoning"}, Role.REASONING),
        ({"carrier": "email"}, Role.TOOL_RESULT),
        ({"subtype": "indirect_injection"}, Role.TOOL_RESULT),
        ({"subtype": "clean_third_party_content"}, Role.TOOL_RESULT),
        ({"carrier": "email", "role": "user"}, Role.USER),
    ],
)
def test_roles(row: dict[str, Any], role: Role) -> None:
    assert role_of(row) is role


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"label": 1}, True),
        ({"label": "1"}, True),
        ({"label": True}, True),
        ({"label": 0}, False),
        ({"label": "compliance"}, True),
        ({"label": "safe_refusal_or_redirect"}, False),
        ({"label": "whatever", "label_bin": 0}, False),
    ],
)
def test_labels(row: dict[str, Any], said: bool) -> None:
    assert yes(row) is said


def test_an_unknown_label_is_an_error() -> None:
    with pytest.raises(LineError):
        yes({"label": "perhaps"})
