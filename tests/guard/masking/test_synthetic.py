"""Made-up values: the shape of the real one, nothing of it, the same each time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.checksums import luhn, resident_id
from threegate.detectors.registry import scanner
from threegate.guard.masking.mask import MaskMap
from threegate.guard.masking.synthetic import synthetic
from threegate.types import Channel, Layer, Passage, TextLocation

KEY = b"k" * 32
DIGITS = "0123456789"


def made(kind: str, value: str) -> str:
    stand_in = synthetic(KEY, kind, value)
    assert stand_in is not None
    return stand_in


def test_checks_hold_and_separators_stay() -> None:
    assert resident_id(made("pii.cn.id_card", "11010519491231002X"))
    assert luhn(made("pii.bank_card", "6222 0212 3456 7890").replace(" ", ""))
    assert made("pii.bank_card", "6222 0212 3456 7890")[4::5] == "   "
    assert made("pii.cn.mobile", "138-1234-5678")[3::5] == "--"
    assert made("pii.email", "li@corp.cn").endswith("@example.com")
    assert len(made("pii.cn.id_card", "110105491231002")) == 15


def test_a_stand_in_belongs_to_nobody() -> None:
    find = scanner(frozenset({"pii.cn.id_card", "pii.cn.mobile", "pii.bank_card"}))
    for kind, value in (
        ("pii.cn.id_card", "11010519491231002X"),
        ("pii.cn.mobile", "13812345678"),
    ):
        text = f"号码是 {made(kind, value)} 。"
        assert not [
            f
            for f in find.scan(Passage(TextLocation(Layer.OUTPUT, Channel.CONTENT), text)).findings
            if f.kind == kind
        ]


@pytest.mark.parametrize(
    "value", ["北京市朝阳区建国路88号院6号楼", "张伟", "１３８１２３４５６７８", "ab1"]
)
def test_what_cannot_be_replaced_whole_gets_a_placeholder(value: str) -> None:
    assert synthetic(KEY, "pii.address", value) is None
    assert MaskMap(KEY).mask("pii.address", value, synthetic=True).startswith("[ADDRESS_")


@given(st.text("abcXYZ0123456789- ", min_size=8, max_size=30))
def test_the_same_value_has_the_same_stand_in_in_the_same_shape(value: str) -> None:
    first = synthetic(KEY, "secret.api_key", value)
    assert first == synthetic(KEY, "secret.api_key", value)
    if first is not None:
        assert len(first) == len(value)
        for a, b in zip(value, first, strict=True):
            assert (a in DIGITS) == (b in DIGITS)
            assert a.isupper() == b.isupper()
            assert a.isalnum() or a == b


def test_two_values_never_share_a_stand_in() -> None:
    masks = MaskMap(KEY)
    made_up = [
        masks.mask("pii.ip", f"10.0.{i // 250}.{i % 250}", synthetic=True) for i in range(900)
    ]
    assert len(set(made_up)) == len(made_up)
