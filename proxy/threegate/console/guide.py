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
_BOLD = re.compile(r"\*\*(.+?)\*\*|`(.+?)`|\[(.+?)\]\([^)]*\)")
_ITEM = re.compile(r"(?:[-*]|\d+\.) +(.*)")


@dataclass(frozen=True, slots=True)
class Section:
    """`blocks` are {"kind": p | li | pre, "spans"}, a span {"kind", "text"} of kind "", strong or
    code."""

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
    """One paragraph, or the items of a list with their continued lines."""
    kind, text = "p", ""
    for line in part.strip().split("\n"):
        item = _ITEM.match(line)
        if item:
            if text:
                yield {"kind": kind, "spans": _spans(text)}
            kind, text = "li", item[1]
        else:
            text = f"{text} {line.strip()}".strip()
    yield {"kind": kind, "spans": _spans(text)}


def _spans(text: str) -> list[dict[str, str]]:
    spans, at = [], 0
    for found in _BOLD.finditer(text):
        spans.append({"kind": "", "text": text[at : found.start()]})
        kind = "strong" if found[1] else "code" if found[2] else ""
        spans.append({"kind": kind, "text": found[1] or found[2] or found[3]})
        at = found.end()
    spans.append({"kind": "", "text": text[at:]})
    return [span for span in spans if span["text"]]
