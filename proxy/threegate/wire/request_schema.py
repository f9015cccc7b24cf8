"""What a request of each API must look like, as far as the guard relies on it: the shapes of
`request_schema.toml`, and the check of a request against one.

Null counts as absent. Fields that are not named here may be anything: their texts are checked like
all others, and the policy's allow-list decides whether they are forwarded; one that differs from a
named field only in letter case is refused. The OpenAPI document is made from the same tables, so it
documents exactly what is checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from threegate.data_files import table
from threegate.errors import RequestError
from threegate.i18n.messages import either, localized
from threegate.types import Bilingual
from threegate.wire.adapter import Api, Body
from threegate.wire.limits import MAX_FIELDS


class JsonType(StrEnum):
    """JSON types, by their names in JSON Schema. A number without a fraction is an integer."""

    STRING = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"


_TYPES: Final[dict[JsonType, tuple[type, ...]]] = {
    JsonType.STRING: (str,),
    JsonType.NUMBER: (int, float),
    JsonType.INTEGER: (int, float),
    JsonType.BOOLEAN: (bool,),
    JsonType.ARRAY: (list,),
    JsonType.OBJECT: (dict,),
}
"""The parser's Python types; `bool` is distinct from `int`."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`items` describes an array, `fields` an object; `required` fields may be neither absent nor
    null. `values`: the only strings allowed. `word`: a string that is one short word. `closed`:
    other fields are refused. `filled`: the array must not be empty."""

    kinds: tuple[JsonType, ...]
    items: Shape | None = None
    fields: tuple[tuple[str, Shape], ...] = ()
    required: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    word: bool = False
    closed: bool = False
    filled: bool = False
    types: frozenset[type] = field(init=False, repr=False)
    named: Mapping[str, Shape] = field(init=False, repr=False, compare=False)
    plain: bool = field(init=False, repr=False, compare=False)  # any value of its types fits

    def __post_init__(self) -> None:
        types = frozenset(t for kind in self.kinds for t in _TYPES[kind])
        object.__setattr__(self, "types", types)
        object.__setattr__(self, "named", dict(self.fields))
        bound = self.items or self.fields or self.values or self.word
        bound = bound or JsonType.INTEGER in self.kinds
        object.__setattr__(self, "plain", not bound)

    def fits(self, value: Any) -> bool:
        if type(value) is float and JsonType.INTEGER in self.kinds:
            return value.is_integer()
        return type(value) in self.types


Shapes = Mapping[str, Shape]
WORD: Final = r"[A-Za-z_\-]{0,24}"
_PLAIN: Final[Shapes] = {
    **{kind.value: Shape((kind,)) for kind in JsonType},
    "word": Shape((JsonType.STRING,), word=True),
}
_ALTERNATIVE: Final = re.compile(r"\[[^]]*\]\+?|[^|]+")


def shapes(package: str, name: str, known: Shapes = _PLAIN) -> Shapes:
    """The shapes of `name`.toml in a package below `threegate` and the `known` ones, which it may
    use, by name. `wire/request_schema.toml` explains the entries. Raises KeyError for an unknown
    name."""
    made = dict(known)
    for key, entry in table(package, name).items():
        made[key] = _object(entry, made)
    return made


def _object(entry: Mapping[str, Any], known: Shapes) -> Shape:
    own = [(name, _shape(spec, known)) for name, spec in entry["fields"].items()]
    return Shape(
        (JsonType.OBJECT,),
        fields=(*(field for name in entry.get("also", ()) for field in known[name].fields), *own),
        required=tuple(entry.get("required", ())),
        closed=entry.get("closed", False),
    )


def _shape(spec: str | list[str], known: Shapes) -> Shape:
    if isinstance(spec, list):
        return Shape((JsonType.STRING,), values=tuple(spec))
    either = [_alternative(part, known) for part in _ALTERNATIVE.findall(spec)]
    if len(either) == 1:
        return either[0]
    kinds = tuple(kind for shape in either for kind in shape.kinds)
    items = next((shape.items for shape in either if shape.items), None)
    return Shape(kinds, items, fields=tuple(field for shape in either for field in shape.fields))


def _alternative(spec: str, known: Shapes) -> Shape:
    if not spec.startswith("["):
        return known[spec]
    return Shape((JsonType.ARRAY,), _shape(spec.strip("[]+"), known), filled=spec.endswith("+"))


SHAPES: Final = shapes("wire", "request_schema")
REQUESTS: Final[Mapping[Api, Shape]] = {api: SHAPES[api] for api in Api}


def check(api: Api, body: Body) -> None:
    """Raises RequestError (400) that names the place and what is expected there."""
    check_shape(body, REQUESTS[api])


def check_shape(value: Any, shape: Shape, at: str = "") -> None:
    """Raises RequestError (400), as `check` does; `at` is the position of the value."""
    if value is None and at:
        return
    if not shape.fits(value):
        raise _refused("kind", at, kinds=either(shape.kinds))
    if shape.values and value not in shape.values:
        known = ", ".join(shape.values)
        raise _refused("one-of", at, known=Bilingual(known, known))
    if shape.word and re.fullmatch(WORD, value) is None:
        raise _refused("word", at)
    if isinstance(value, list) and shape.items is not None:
        if shape.filled and not value:
            raise _refused("needed", f"{at}/0")
        for index, item in enumerate(value):
            if item is None:
                raise _refused("kind", f"{at}/{index}", kinds=either(shape.items.kinds))
            check_shape(item, shape.items, f"{at}/{index}")
    elif isinstance(value, dict):
        _check_object(value, shape, at)


def _check_object(value: Body, shape: Shape, at: str) -> None:
    if shape.named and len(value) > MAX_FIELDS:
        raise _refused("many-fields", at, limit=MAX_FIELDS)
    for name in shape.required:
        if value.get(name) is None:
            raise _refused("needed", f"{at}/{name}")
    if shape.closed and not value.keys() <= shape.named.keys():
        known = ", ".join(shape.named)
        raise _refused("fields", at, known=Bilingual(known, known))
    for name, below in value.items():
        inner = shape.named.get(name)
        if inner is None:
            _refuse_other_spelling(name, shape, at)
        elif not (inner.plain and type(below) in inner.types):
            check_shape(below, inner, f"{at}/{name}")


def _refuse_other_spelling(name: str, shape: Shape, at: str) -> None:
    """Engines written in Go accept `Name` for `name`: the guard would check a different field from
    the one the model API reads."""
    if (known := name.casefold()) in shape.named:
        raise _refused("spelling", f"{at}/{known}")


def _refused(name: str, at: str, **details: Bilingual | int) -> RequestError:
    place = at.lstrip("/").replace("/", ".")
    return RequestError(localized(name, place=place, **details), param=at)
