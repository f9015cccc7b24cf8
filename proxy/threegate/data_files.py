"""Tables (TOML), word lists and pages (Jinja) that are files next to the modules that use them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
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


_FRAGMENT = re.compile(r"\{\{([A-Z_]+)\}\}")


def filled(pattern: str, fragments: Mapping[str, str]) -> str:
    """A pattern with each `{{NAME}}` replaced by the fragment of that name. Raises KeyError for an
    unknown one."""
    return _FRAGMENT.sub(lambda named: fragments[named[1]], pattern)


def patterns(package: str, name: str, **shared: str) -> Mapping[str, str]:
    """The regular expressions of `name`.toml in a package below `threegate`, which are its strings.
    Each may use those above it and the `shared` ones as `{{NAME}}`; line breaks in it do not
    count."""
    known = dict(shared)
    for key, pattern in table(package, name).items():
        if isinstance(pattern, str):
            known[key] = filled(pattern.replace("\n", ""), known)
    return known


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
