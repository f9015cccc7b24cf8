from __future__ import annotations

import pytest
from threegate_classifiers.processor import described, sums_exactly


@pytest.mark.parametrize(
    ("description", "exact"),
    [
        ("model name : X\nflags\t\t: fpu avx2 avx512f avx512_vnni amx_int8", True),
        ("flags : avx2 avx_vnni", True),
        ("flags : avx2 avx512f avx512bw", False),
        ("model name : avx512_vnnix", False),
        ("aarch64", False),
        ("", False),
    ],
)
def test_only_a_processor_that_says_so_sums_exactly(description: str, exact: bool) -> None:
    assert sums_exactly(description) is exact


def test_the_description_tells_each_thing_once() -> None:
    lines = described().splitlines()
    assert lines
    assert len(lines) == len(set(lines))
