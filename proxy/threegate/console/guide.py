"""Help in place: the sections of the guide for compliance people, by the page they are about.

The guide is `docs/guide-compliance*.md`, in a wheel its copy under `bundled`. A comment
`<!-- page: /policies/draft -->` below a heading names the pages that a section helps with. Only the
Markdown that the guide uses is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NAMES = {"zh": "guide-compliance.zh-CN.md", "en": "guide-compliance.md"}
_PAGES = re.compile(r"<!-- page: (.*?) -->")
_MARKS = re.compile(r"\*\*(.+?)\*\*|`(.+?)`|\[(.+?)\]\([^)]*\)|\*(.+?)\*")
_MARKED = ("strong", "code", "", "em")
"""What each group of `_MARKS` becomes."""
_WIDE = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) ")
_ITEM = re.compile(r"(?:[-*]|\d+\.) +(.*)")


@dataclass(frozen=True, slots=True)
class Section:
    """`blocks` are {"kind": p | pre, "spans"} or {"kind": ul, "items"}, the spans of each item. A
    span is {"kind", "text"} of kind "", strong, em or code."""

    title: str
    pages: tuple[str, ...]
    blocks: tuple[dict[str, Any], ...]


def section(page: str, language: str) -> Section | None:
    """The section whose page is this one or the nearest above it."""
    fits = [
        (len(path), found)
        for found in sections(language)
        for path in found.pages
        if page == path or (page.startswith(path.rstrip("/") + "/") and path != "/")
    ]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None


@cache
def sections(language: str) -> tuple[Section, ...]:
    text = _guide(NAMES[language])
    return tuple(_section(part) for part in re.split(r"^## ", text, flags=re.M)[1:])


def _guide(name: str) -> str:
    """In a wheel under bundled, in a checkout under docs."""
    places = (HERE.parent / "bundled" / "guide" / name, HERE.parents[2] / "docs" / name)
    return next((p.read_text("utf-8") for p in places if p.is_file()), "")


def _section(text: str) -> Section:
    title, _, body = text.partition("\n")
    pages = [p.strip() for found in _PAGES.findall(body) for p in found.split(",")]
    body = re.sub(r"^(<!--.*-->|!\[.*\]\(.*\))$", "", body, flags=re.M)
    return Section(title.strip(), tuple(pages), tuple(_blocks(body)))


def _blocks(body: str) -> Iterator[dict[str, Any]]:
    for part in re.split(r"\n\s*\n", body.strip()):
        if part.startswith("```"):
            yield {"kind": "pre", "spans": [{"kind": "", "text": part.strip("`\n")}]}
        elif not part.startswith("|") and part.strip():
            yield from _lines(part)


def _lines(part: str) -> Iterator[dict[str, Any]]:
    """A paragraph, and the items of the list that follows it with their continued lines."""
    texts: list[str] = [""]
    for line in part.strip().split("\n"):
        if item := _ITEM.match(line):
            texts.append(item[1])
        else:
            texts[-1] = f"{texts[-1]} {line.strip()}".strip()
    if texts[0]:
        yield {"kind": "p", "spans": _spans(texts[0])}
    if texts[1:]:
        yield {"kind": "ul", "items": [_spans(text) for text in texts[1:]]}


def _spans(text: str) -> list[dict[str, str]]:
    """Lines of Chinese are joined without a blank."""
    text = _WIDE.sub("", text)
    spans, at = [], 0
    for found in _MARKS.finditer(text):
        spans.append({"kind": "", "text": text[at : found.start()]})
        number = found.lastindex or 1
        spans.append({"kind": _MARKED[number - 1], "text": found[number]})
        at = found.end()
    spans.append({"kind": "", "text": text[at:]})
    return [span for span in spans if span["text"]]
