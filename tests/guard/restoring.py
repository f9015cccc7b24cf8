"""Text with placeholders through the restorer, as the stream machine gives it."""

from __future__ import annotations

from threegate.guard.masking.mask import EVERYWHERE, MaskMap
from threegate.guard.masking.placeholders import PlaceholderFinder
from threegate.guard.masking.restore import TextRestorer
from threegate.policy.model import Restoring
from threegate.types import Channel

VALUE = '6222 "021" 中文'


def made(
    value: str = VALUE, kind: str = "pii.bank_card", restore: Restoring | None = EVERYWHERE
) -> tuple[str, PlaceholderFinder]:
    masks = MaskMap(b"k" * 32)
    return masks.mask(kind, value, restore=restore), PlaceholderFinder(masks)


def restored(
    restorer: PlaceholderFinder, text: str, channel: Channel = Channel.CONTENT, tool: str = ""
) -> str:
    return streamed(restorer, text, [len(text)], channel, tool)


def streamed(
    restorer: PlaceholderFinder,
    text: str,
    cuts: list[int],
    channel: Channel = Channel.CONTENT,
    tool: str = "",
) -> str:
    """As the stream machine does it: what is before the open position leaves."""
    out, done, back = "", 0, TextRestorer(restorer, channel, tool)
    for cut in cuts:
        found, open_from = back.find(text[:cut], 0, done, final=cut >= len(text))
        for r in found:
            out += text[done : r.span.start] + r.text
            done = r.span.end
        out += text[done:open_from]
        done = max(done, open_from)
    return out
