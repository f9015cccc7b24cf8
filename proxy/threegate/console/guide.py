"""Contextual help: the sections of the guide for compliance people, by page.

The guide is `docs/guide-compliance*.md`, in a wheel its copy under `bundled`. A comment `<!-- page:
/policies/draft -->` below a heading names the pages that a section helps with.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

HERE = Path(__file__).parent
NAMES = {"zh": "guide-compliance.zh-CN.md", "en": "guide-compliance.md"}
FENCE = "```"
_PAGES = re.compile(r"<!-- page: (.*?) -->")
_LEFT_OUT = re.compile(r"^(<!--.*-->|!\[.*\]\(.*\)|\|.*)$", re.M)
"""Comments, pictures and tables, for which a panel beside a form has no room."""
_LINK = re.compile(r"\[(.+?)\]\([^)]*\)")
_JOINED = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])(?: |\n *(?!\s|[-*] |\d+\. |\Z))")
"""Line breaks within Chinese text, which are joined without a space."""
_MARKDOWN = MarkdownIt("commonmark", {"html": False})


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    pages: tuple[str, ...]
    html: Markup


def section(page: str, language: str) -> Section | None:
    """The section for this page or the nearest page above it."""
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


def _fence(_: object, tokens: Sequence[Token], n: int, *rest: object) -> str:
    """Wide lines can be scrolled with the keyboard."""
    return Markup('<pre class="yaml" tabindex="0">{}</pre>\n').format(tokens[n].content)


_MARKDOWN.add_render_rule("fence", _fence)


def _section(text: str) -> Section:
    title, _, body = text.partition("\n")
    pages = [p.strip() for found in _PAGES.findall(body) for p in found.split(",")]
    parts = _LINK.sub(r"\1", _LEFT_OUT.sub("", body)).split(FENCE)
    joined = [part if n % 2 else _JOINED.sub("", part) for n, part in enumerate(parts)]
    html = _MARKDOWN.render(FENCE.join(joined))
    return Section(title.strip(), tuple(pages), Markup(html))  # noqa: S704  # raw HTML is escaped
