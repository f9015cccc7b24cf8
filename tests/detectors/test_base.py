"""Which kinds overlap with wanted ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.base import overlapping
from threegate.policy.model import matches

PARTS = st.lists(st.sampled_from(("pii", "cn", "c")), min_size=1, max_size=3)
KINDS = st.builds(lambda parts, end: ".".join(parts) + end, PARTS, st.sampled_from(("", ".*", "*")))


@given(st.lists(KINDS, max_size=3), st.lists(KINDS, max_size=6))
def test_kinds_overlap_where_one_matches_the_other(wanted: list[str], kinds: list[str]) -> None:
    each = {k for k in kinds if any(matches(p, k) or matches(k, p) for p in wanted)}
    assert overlapping(wanted, kinds) == each
