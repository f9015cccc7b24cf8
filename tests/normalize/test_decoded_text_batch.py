"""What arrays tell of many blocks is what is told of each."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from threegate.normalize.decoded_text_batch import Blocks, said, worth
from threegate.normalize.text_sniffing import legible, readable

CHARS = [
    *("a", "Z", " ", "\n", "7", "é", "ж", "国", "、", "Ａ", "😀", "\ufffd", "\u200b", "\ufe0f"),
    *("\ufeff", "\xad", "\x00", "\x07", "\x7f", "\x85", "\u2028", "\ue000", "\U000e0041", "\u0300"),
]
CODECS = ["utf-8", "utf-8", "utf-16", "utf-16-le", "utf-16-be"]


def block(draw: Random) -> bytes:
    text = "".join(draw.choices(CHARS[: draw.choice([5, 12, 24])], k=draw.randint(2, 30)))
    data = bytearray(text.encode(draw.choice(CODECS)))
    for _ in range(draw.choice([0, 0, 0, 1, 2, 9])):
        data[draw.randrange(len(data))] = draw.choice([0, 0xFF, 0xD8, 0xDC, draw.randrange(256)])
    cut = draw.randint(4, 40) if draw.random() < 0.3 else len(data)
    return bytes(data[:cut]).ljust(4, b"!")


def in_row(all_: list[bytes], gap: int) -> Blocks:
    size = np.array([len(data) for data in all_])
    first = np.cumsum(size + gap) - size - gap
    data = b"".join(data + b"\xbf" * gap for data in all_)
    return Blocks(first, first + size, first, size, np.frombuffer(data, np.uint8))


def told(blocks: Blocks, *, wide: bool) -> dict[int, str]:
    likely = worth(blocks, wide=wide)
    if not len(likely.start):
        return {}
    what = said(likely, wide=wide)
    size, codes = what.text()
    ends = np.cumsum(size)
    text = "".join(map(chr, codes.tolist()))
    starts = likely.start[what.told].tolist()
    return {
        at: text[end - length : end]
        for at, end, length in zip(starts, ends.tolist(), size.tolist(), strict=True)
    }


@pytest.mark.parametrize("seed", range(60))
def test_many_at_once_say_what_each_says(seed: int) -> None:
    draw = Random(seed)
    all_ = [block(draw) for _ in range(draw.randint(1, 40))]
    blocks = in_row(all_, draw.randint(1, 3))
    for wide, each in ((True, legible), (False, readable)):
        says = zip(blocks.start.tolist(), map(each, all_), strict=True)
        assert told(blocks, wide=wide) == {at: text for at, text in says if text}
