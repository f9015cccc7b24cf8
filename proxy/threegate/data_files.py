"""Tables that are TOML files beside the modules that use them."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any


def table(package: str, name: str, **replaced: str) -> dict[str, Any]:
    """What `name`.toml in a package below `threegate` says; `<KEY>` in it is replaced by the
    argument `KEY`. Raises OSError or TOMLDecodeError."""
    text = (files(f"threegate.{package}") / f"{name}.toml").read_text("utf-8")
    for word, by in replaced.items():
        text = text.replace(f"<{word}>", by)
    return tomllib.loads(text)
