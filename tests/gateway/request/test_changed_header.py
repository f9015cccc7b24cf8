"""The answer header that lists what layer 2 changed."""

from __future__ import annotations

from threegate.gateway.request.changed_header import MAX_NAMES, changed_header
from threegate.guard.request_draft import BodyChange


def header(*changes: BodyChange) -> str:
    return changed_header(changes).get("x-threegate-changed", "")


def test_fields_are_listed_once_in_order() -> None:
    first = BodyChange("a", "temperature", "clamped")
    assert header(first, BodyChange("b", "logit_bias", "dropped"), first) == (
        "temperature, logit_bias"
    )
    assert changed_header([]) == {}


def test_the_constitution_is_not_reported() -> None:
    assert header(BodyChange("a", "constitution", "placed")) == ""


def test_a_client_reads_its_own_field_names_where_a_header_can_carry_them() -> None:
    own = BodyChange("a", "unknown", "dropped", "made_up")
    odd = (
        BodyChange("a", "unknown", "dropped", n) for n in ("字段", "a\r\nb: c", "a, b", "x" * 65)
    )
    assert header(own, *odd) == "made_up, unknown"


def test_a_long_list_is_cut() -> None:
    names = header(*(BodyChange("a", f"f{i}", "dropped") for i in range(99))).split(", ")
    assert len(names) == MAX_NAMES + 1
    assert names[-1] == "..."
