"""Attack suites as data: what is tried, and harmless twins that must not suffer."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Exfiltration:
    """Answers of a model by name, with `<M>` for the placeholder of a masked value and `<B>` for it
    without brackets: in `addresses` the value must not come back, in `harmless` it must."""

    addresses: Mapping[str, str]
    harmless: Mapping[str, str]


@cache
def exfiltration() -> Exfiltration:
    text = files(__name__).joinpath("exfiltration.toml").read_text("utf-8")
    return Exfiltration(**tomllib.loads(text))


def filled(answer: str, placeholder: str) -> str:
    """An answer of a suite with a placeholder in it."""
    return answer.replace("<M>", placeholder).replace("<B>", placeholder.strip("[]"))
