from __future__ import annotations

import json
import math
import struct
import tracemalloc

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.audit import Record, Stage
from threegate.audit.log.encoding import (
    MAX_FIELD_CHARS,
    MAX_RULED,
    canonical,
    clean,
    entry,
    event,
    microseconds,
    number,
    timestamp,
)
from threegate.types import Action, Caller, Decision, Layer, Verdict

from tests.audit.conftest import decision, record

# What would break a line, a terminal, a page or the reading direction.
EVIL = "a\nb\r\u2028\u2029\x85\x1b[31m\u202eevil\u2066\x00\ud800"


def test_an_event_names_what_happened_and_no_more() -> None:
    made = event(record(), "id1", 5, [], "")
    assert made["action"] == "block"
    assert made["caller"] == {"key": "k1", "language": "zh", "tenant": "retail"}
    ruled, failed = made["decisions"][0]["ruled"]
    assert ruled["span"] == [7, 25]
    assert ruled["score"] == 0.9877
    assert (failed["failed"], failed["shadow"]) == ("timeout", True)
    assert "subject" not in json.dumps(made)
    assert not {"error", "label", "masked", "trace", "detail"} & made.keys()


def test_an_event_without_request_is_its_own() -> None:
    made = event(
        Record(stage=Stage.POLICY, detail={"verb": "activate", "ok": False}), "id1", 0, [], ""
    )
    assert made["request"] == "id1"
    assert made["detail"] == {"verb": "activate", "ok": False}


def test_too_many_hits_are_counted_not_kept() -> None:
    ruled = decision().verdict.ruled * MAX_RULED
    many = Decision("d", "r", Layer.INPUT, Verdict(Action.BLOCK, ruled), "p")
    made = event(record(decisions=(many,)), "id1", 0, [], "")
    assert len(made["decisions"][0]["ruled"]) == MAX_RULED
    assert made["decisions"][0]["dropped"] == MAX_RULED


def test_an_entry_is_one_canonical_line_whatever_comes_in() -> None:
    evil = Caller(EVIL, EVIL, EVIL, EVIL, EVIL, EVIL)
    made = event(
        record(caller=evil, endpoint=EVIL, error=EVIL, detail={EVIL: [EVIL, {"k": EVIL}]}),
        "i",
        1,
        [],
        "",
    )
    line = entry(canonical(made), prev=bytes(32), seq=0, ts_us=1, writer="w")
    assert len(line.decode().splitlines()) == 1
    assert line.decode().isprintable()
    assert canonical(orjson.loads(line)) == line


@given(st.text())
def test_cleaned_text_is_printable_and_bounded(text: str) -> None:
    out = clean(text)
    assert out.isprintable()
    assert len(out) <= MAX_FIELD_CHARS
    assert clean(out) == out


def ecmascript(value: float) -> str:
    """`Number.prototype.toString` for what `number` lets through: RFC 8785 §3.2.2.3."""
    return str(int(value)) if value == int(value) else repr(value)


@given(st.floats(-1e9, 1e9) | st.integers(-(2**53), 2**53))
def test_numbers_are_written_as_rfc_8785_wants(value: float) -> None:
    written = canonical(number(value)).decode()
    assert written == ecmascript(number(value))
    assert "e" not in written
    assert struct.pack("d", float(written)) == struct.pack("d", float(number(value)))


def test_what_is_no_number_is_refused() -> None:
    for value in (math.nan, math.inf):
        with pytest.raises((ValueError, OverflowError)):
            number(value)


@given(st.dictionaries(st.text("abcxyz_", max_size=5), st.text(max_size=5), max_size=6))
def test_members_are_sorted_and_strings_escaped_as_rfc_8785_wants(members: dict[str, str]) -> None:
    expected = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical(members).decode() == expected


@given(st.integers(0, 4_102_444_800_000_000))
def test_time_stamps_are_exact(ts_us: int) -> None:
    stamp = timestamp(ts_us)
    assert microseconds(stamp) == ts_us
    assert stamp.endswith("Z")


def test_time_stamps_sort_as_time_does() -> None:
    stamps = [timestamp(t) for t in (0, 1, 999_999, 1_000_000, 10**15)]
    assert stamps == sorted(stamps)


def test_long_names_are_not_kept() -> None:
    """A caller can name any model."""
    tracemalloc.start()
    try:
        for number in range(64):
            clean(f"{number}-" + "model " * 20_000)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1 << 20
