"""Which callers one choice of callers includes."""

from __future__ import annotations

import pytest
from threegate.policy.model import Selector
from threegate.policy.strictness.compare import within


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        (Selector(), Selector(tenant=("acme-1",)), True),
        (Selector(tenant=("acme-*",)), Selector(tenant=("acme-1",)), True),
        (Selector(tenant=("acme-1",)), Selector(tenant=("acme-*",)), False),
        (Selector(tenant=("acme-1",)), Selector(), False),
        (Selector(route=("*",)), Selector(), True),
        (Selector(route=("/v1/*",)), Selector(route=("/v1/chat/completions",)), True),
        (Selector(route=("/v1/*",)), Selector(), False),
        (Selector(tenant=("hr", "it")), Selector(tenant=("it",), key=("k1",)), True),
        (Selector(tenant=("hr",), key=("k1",)), Selector(tenant=("hr",)), False),
    ],
)
def test_every_call_of_the_narrow_is_one_of_the_wide(
    wide: Selector, narrow: Selector, expected: bool
) -> None:
    assert within(wide, narrow) is expected
