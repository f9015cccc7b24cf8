"""Tables (TOML), word lists and pages (Jinja) that are files next to the modules that use them."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Template


def table(package: str, name: str, **replaced: str) -> dict[str, Any]:
    """The content of `name`.toml in a package below `threegate`; `<KEY>` in it is replaced by the
    argument `KEY`. Raises OSError or TOMLDecodeError."""
    text = (files(f"threegate.{package}") / f"{name}.toml").read_text("utf-8")
    for word, by in replaced.items():
        text = text.replace(f"<{word}>", by)
    return tomllib.loads(text)


def words(package: str, name: str) -> frozenset[str]:
    """The words of `name`.txt in a package below `threegate`, separated by white space. Raises
    OSError."""
    return frozenset((files(f"threegate.{package}") / f"{name}.txt").read_text("utf-8").split())


def template(package: str, name: str) -> Template:
    """The page `name`.html.jinja of a package; values are escaped."""
    from jinja2 import StrictUndefined, Template  # only if a page is made

    text = (files(package) / f"{name}.html.jinja").read_text("utf-8")
    made: Template = Template(
        text,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return made
