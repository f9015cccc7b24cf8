"""Inputs near valid ones: JSON documents and texts with a few parts changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

Path = tuple[str | int, ...]

NASTY: tuple[Any, ...] = (
    None, True, -1, 0, 2**63, 2**1024, 1.5, 1e308, "", " ", "\x00", "\ud800", "a" * 5000, "<think>", "</think>",
    "13812345678", "[MOBILE_AB", "data: [DONE]\n\n", "\r\n", {}, [], [[]], [None], {"": ""}, {"type": "text"},
    {"text": {}}, [{"type": "text", "text": "13812345678"}], {"__proto__": 1},
)  # fmt: skip
BYTES = (b"\x00", b"\xff", b"\r", b"\n\n", b'"', b"\\", b"{", b"}", b"[" * 70, b",", b":", b"\xef\xbb\xbf", b"NaN", b"1e999", b"\\ud800")  # fmt: skip


def _paths(value: Any, above: Path = ()) -> Iterator[Path]:
    yield above
    below = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, one in below:
        yield from _paths(one, (*above, key))


def _put(document: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    at = document
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return document


@st.composite
def documents(draw: st.DrawFn, seeds: Sequence[Any]) -> Any:
    """One of the seeds with up to three parts replaced, by something nasty or by another part."""
    document = copy.deepcopy(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 3))):
        paths = list(_paths(document))
        value = draw(st.sampled_from(NASTY))
        if draw(st.booleans()):
            value = document
            for key in draw(st.sampled_from(paths)):
                value = value[key]
        document = _put(document, draw(st.sampled_from(paths)), copy.deepcopy(value))
    return document


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode("utf-8", "surrogatepass")


@st.composite
def broken(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Bytes with up to three places cut out, doubled or written over."""
    data = draw(whole)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(start + 40, len(data))))
        middle = draw(st.sampled_from((b"", data[start:end] * 2, *BYTES)))
        data = data[:start] + middle + data[end:]
    return data
