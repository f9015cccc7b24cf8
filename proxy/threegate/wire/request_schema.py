"""What a request of each API must look like, as far as the guard relies on it.

Null counts as absent. Fields that are not named here may be anything: their texts are checked like
all others, and the policy's allow-list decides whether they are forwarded; one that differs from a
named field only in letter case is refused. The OpenAPI document is made from the same tables, so it
documents exactly what is checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

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
    null. `values`: the only strings allowed. `closed`: other fields are refused. `filled`: the
    array must not be empty."""

    kinds: tuple[JsonType, ...]
    items: Shape | None = None
    fields: tuple[tuple[str, Shape], ...] = ()
    required: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    closed: bool = False
    filled: bool = False
    types: frozenset[type] = field(init=False, repr=False)
    named: Mapping[str, Shape] = field(init=False, repr=False, compare=False)
    plain: bool = field(init=False, repr=False, compare=False)  # any value of its types fits

    def __post_init__(self) -> None:
        types = frozenset(t for kind in self.kinds for t in _TYPES[kind])
        object.__setattr__(self, "types", types)
        object.__setattr__(self, "named", dict(self.fields))
        bound = self.items or self.fields or self.values or JsonType.INTEGER in self.kinds
        object.__setattr__(self, "plain", not bound)

    def fits(self, value: Any) -> bool:
        if type(value) is float and JsonType.INTEGER in self.kinds:
            return value.is_integer()
        return type(value) in self.types


def fields_of(**shapes: Shape) -> tuple[tuple[str, Shape], ...]:
    return tuple(shapes.items())


def record(required: tuple[str, ...] = (), /, **shapes: Shape) -> Shape:
    """An object with these fields."""
    return Shape((JsonType.OBJECT,), fields=fields_of(**shapes), required=required)


def list_of(shape: Shape) -> Shape:
    return Shape((JsonType.ARRAY,), shape)


def one_of(*values: str) -> Shape:
    return Shape((JsonType.STRING,), values=values)


def _objects(**shapes: Shape) -> Shape:
    return list_of(record(**shapes))


TEXT: Final = Shape((JsonType.STRING,))
NUMBER: Final = Shape((JsonType.NUMBER,))
COUNT: Final = Shape((JsonType.INTEGER,))
FLAG: Final = Shape((JsonType.BOOLEAN,))
OBJECT: Final = Shape((JsonType.OBJECT,))
WORDS: Final = Shape((JsonType.STRING, JsonType.ARRAY))
_NAMED: Final = Shape((JsonType.STRING, JsonType.OBJECT))
_ARGUMENTS: Final = Shape((JsonType.STRING, JsonType.OBJECT))
_FUNCTION: Final = record(name=TEXT, parameters=OBJECT)
_CUSTOM: Final = record(name=TEXT)
_CALL: Final = record(name=TEXT, arguments=_ARGUMENTS)
_PART: Final = record(type=TEXT, text=TEXT)
_CONTENT: Final = Shape((JsonType.STRING, JsonType.ARRAY), _PART)
_OUTPUT: Final = Shape((JsonType.STRING, JsonType.ARRAY, JsonType.OBJECT), _PART)
_COMMON: Final = fields_of(
    model=TEXT,
    stream=FLAG,
    stream_options=OBJECT,
    temperature=NUMBER,
    top_p=NUMBER,
    top_k=COUNT,
    metadata=OBJECT,
)
_OPENAI: Final = fields_of(
    n=COUNT,
    seed=COUNT,
    stop=WORDS,
    max_tokens=COUNT,
    presence_penalty=NUMBER,
    frequency_penalty=NUMBER,
    repetition_penalty=NUMBER,
)
MESSAGES: Final = _objects(
    role=TEXT,
    content=_CONTENT,
    name=TEXT,
    tool_call_id=TEXT,
    reasoning_content=TEXT,
    tool_calls=_objects(function=_CALL),
    function_call=_CALL,
)
"""The turns of a chat completion."""
TOOLS: Final = _objects(type=TEXT, function=_FUNCTION, custom=_CUSTOM)
_CHAT: Final = fields_of(
    messages=replace(MESSAGES, filled=True),
    tools=TOOLS,
    tool_choice=_NAMED,
    functions=list_of(_FUNCTION),
    function_call=_NAMED,
    response_format=OBJECT,
    max_completion_tokens=COUNT,
)
_RESPONSES: Final = fields_of(
    input=Shape(
        (JsonType.STRING, JsonType.ARRAY),
        record(type=TEXT, role=TEXT, content=_CONTENT, name=TEXT, arguments=_ARGUMENTS,
                output=_OUTPUT,),
    ),
    instructions=TEXT,
    tools=_objects(type=TEXT, name=TEXT, parameters=OBJECT),
    tool_choice=_NAMED,
    text=OBJECT,
    reasoning=OBJECT,
    max_output_tokens=COUNT,
)  # fmt: skip
_MESSAGES: Final = fields_of(
    messages=replace(_objects(role=TEXT, content=_CONTENT), filled=True),
    system=_CONTENT,
    tools=_objects(type=TEXT, name=TEXT, input_schema=OBJECT),
    tool_choice=OBJECT,
    thinking=OBJECT,
    max_tokens=COUNT,
    stop_sequences=list_of(TEXT),
)


def _request(*fields: tuple[str, Shape], required: tuple[str, ...] = ("model",)) -> Shape:
    return Shape((JsonType.OBJECT,), fields=fields, required=required)


REQUESTS: Final[dict[Api, Shape]] = {
    Api.CHAT: _request(*_COMMON, *_OPENAI, *_CHAT, required=("model", "messages")),
    Api.COMPLETIONS: _request(*_COMMON, *_OPENAI, ("prompt", WORDS), ("suffix", TEXT)),
    Api.RESPONSES: _request(*_COMMON, *_RESPONSES),
    Api.MESSAGES: _request(*_COMMON, *_MESSAGES, required=("model", "messages")),
    Api.TOKEN_COUNT: _request(*_COMMON, *_MESSAGES, required=("model", "messages")),
    Api.EMBEDDINGS: _request(("model", TEXT), ("input", WORDS), required=("model", "input")),
}


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
