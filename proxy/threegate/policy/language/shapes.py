"""How schema classes describe their fields: one vocabulary for the decoder, the JSON Schema and the
documents.

A schema class is a frozen dataclass below `Located`; `i18n/schema.toml` describes its fields. Texts
are `Word`s, strings that know their position, so a lint can point at one item of a list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import Enum, IntEnum
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, get_type_hints

from threegate.data_files import table
from threegate.i18n.catalog import bilingual, catalog
from threegate.policy.language.problems import NOWHERE, Mark
from threegate.types import Bilingual


class Word(str):
    """A text of a policy file with its place."""

    __slots__ = ("at",)
    at: Mark

    def __new__(cls, value: str, at: Mark) -> Word:
        self = super().__new__(cls, value)
        self.at = at
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


def place(value: object, otherwise: Mark = NOWHERE) -> Mark:
    """Position of a decoded value."""
    at = getattr(value, "at", otherwise)
    return at if isinstance(at, Mark) else otherwise


def plain(value: Any) -> Any:
    """A value without positions, as plain JSON; JSON writers do not accept a `Word` as a key."""
    match value:
        case str():
            return str(value)
        case Mapping():
            return {str(name): plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case _:
            return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """`at` is the position of the value, `marks` that of each key that was written. `marks` is a
    dict that must not be modified, so that a compiled policy that contains it can be sent to
    another process."""

    at: Mark = field(default=NOWHERE, compare=False, repr=False)
    marks: Mapping[str, Mark] = field(default_factory=dict, compare=False, repr=False, hash=False)

    def mark(self, key: str) -> Mark:
        return self.marks.get(key, self.at)


def within(default: Any, low: float, high: float) -> Any:
    """A field with a number between bounds."""
    return field(default=default, metadata={"range": (low, high)})


def written_as(key: str, default: Any) -> Any:
    """A field whose key in the file is a word that Python reserves."""
    return field(default=default, metadata={"key": key})


def mapping() -> Any:
    """A field that is an empty mapping if it is not written."""
    return field(default_factory=lambda: MappingProxyType({}), hash=False)


def specs(kind: type) -> list[Field[Any]]:
    """The fields of a schema class that a file may contain. A key without a default is required."""
    own = {spec.name for spec in fields(Located)}
    return [spec for spec in fields(kind) if spec.name not in own]


def description(kind: type, spec: Field[Any]) -> Bilingual:
    """The meaning of a key, as described in `i18n/schema.toml` for the class or one that it
    extends."""
    tables = (catalog("schema").get(base.__name__, {}) for base in kind.__mro__)
    return bilingual(next(table[spec.name] for table in tables if spec.name in table))


@dataclass(frozen=True, slots=True)
class Form:
    """The form that a text must have. Dates and patterns may be plain scalars that YAML 1.1 would
    retype."""

    name: str
    rule: Bilingual
    regex: re.Pattern[str]
    plain: bool = False


def _form(name: str) -> Form:
    entry = _FORMS[name]
    return Form(name, bilingual(entry), re.compile(entry["regex"]), entry.get("plain", False))


_FORMS = table("policy.language", "forms")
Id = Annotated[str, _form("id")]
Name = Annotated[str, _form("name")]
ExceptionId = Annotated[str, _form("exception")]
Date = Annotated[str, _form("date")]
Path = Annotated[str, _form("path")]
Kind = Annotated[str, _form("kind")]
Host = Annotated[str, _form("host")]
Sha256 = Annotated[str, _form("sha256")]
Regex = Annotated[str, _form("regex")]


def is_required(spec: Field[Any]) -> bool:
    """Whether a file must contain the field's key."""
    return spec.default is MISSING and spec.default_factory is MISSING


def key_of(spec: Field[Any]) -> str:
    """The YAML key of a field."""
    return str(spec.metadata.get("key", spec.name))


@cache
def hints(kind: type) -> dict[str, Any]:
    """The annotation of each field of a schema class, with its `Form`."""
    return get_type_hints(kind, include_extras=True)


@cache
def enum_values(kind: type[Enum]) -> dict[str, Enum]:
    """YAML words of an enum: values of a StrEnum, lower-case names of an IntEnum."""
    if issubclass(kind, IntEnum):
        return {member.name.lower(): member for member in kind}
    return {str(member.value): member for member in kind}
