"""What counts as a file that lost its end, and what is an edit."""

from __future__ import annotations

import pytest
from threegate.policy.lifecycle.cut_off import cut_off

PACK = b"pack: shop\nrules:\n  - id: a\n  - id: b\n"
BEGINNING = PACK[: PACK.index(b"  - id: b")]


@pytest.mark.parametrize(
    ("path", "now", "codes"),
    [
        ("packs/shop.yaml", BEGINNING, ["cut-off"]),
        ("packs/shop.yaml", b"", ["cut-off"]),
        ("lists/words.txt", BEGINNING, ["cut-off"]),
        ("knowledge/prices.md", BEGINNING, []),
        ("packs/shop.yaml", PACK, []),
        ("packs/shop.yaml", PACK + b"  - id: c\n", []),
        ("packs/shop.yaml", BEGINNING + b"# no more rules\n", []),
        ("packs/shop.yaml", BEGINNING.replace(b"shop", b"store"), []),
        ("packs/other.yaml", BEGINNING, []),
    ],
)
def test_only_the_beginning_of_the_same_file_is_cut_off(
    path: str, now: bytes, codes: list[str]
) -> None:
    before = {"packs/shop.yaml": PACK, "lists/words.txt": PACK, "knowledge/prices.md": PACK}
    assert [p.code for p in cut_off(before, {path: now})] == codes


def test_blank_lines_and_comments_at_the_end_are_no_loss() -> None:
    assert not cut_off({"a.yaml": PACK + b"\n# the end\n\n"}, {"a.yaml": PACK})


@pytest.mark.parametrize("lost", [b"", b"\r\n", b" all of them\n", b" all of them\n# and no more"])
def test_a_comment_at_the_end_may_become_shorter(lost: bytes) -> None:
    """The last line that people are told to add could not be shortened."""
    now = PACK + b"# these are"
    assert not cut_off({"a.yaml": now + lost}, {"a.yaml": now})
    assert cut_off({"a.yaml": now + lost + b"\n  - id: c\n"}, {"a.yaml": now})
    assert cut_off({"a.yaml": PACK + b"  - id: cd"}, {"a.yaml": PACK + b"  - id: c"})
