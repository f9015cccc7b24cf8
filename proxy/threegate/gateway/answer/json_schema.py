"""Validates a JSON text against an untrusted JSON Schema.

The schema comes with a request and the text from a model, so neither may cost more than its length
or reach beyond itself: references lead only within the schema, patterns run in RE2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson
import re2
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, UnknownType, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import EMPTY_REGISTRY

NOWHERE: Final[Registry[Any]] = EMPTY_REGISTRY
"""Fetches nothing; without it `jsonschema` would fetch any address that a `$ref` names."""

MAX_PATTERN_BYTES: Final = 1 << 20
"""Memory of one compiled pattern."""


_UNSHOWN: Final = (
    *(ValidationError, SchemaError, UnknownType, Unresolvable, RecursionError),
    *(
        TypeError,
        AttributeError,
        ValueError,
    ),  # not JSON, or a keyword with a value of the wrong type
)


def satisfies(text: str, schema: Mapping[str, Any]) -> bool:
    """An invalid schema counts as not satisfied, because nothing can be shown to satisfy it. So
    does one with patterns for names, which `jsonschema` would run in places where RE2 cannot be
    substituted."""
    try:
        if "patternProperties" in _names(schema):
            return False
        _Validator(schema, registry=NOWHERE).validate(orjson.loads(text))
    except _UNSHOWN:
        return False
    return True


def _pattern(
    validator: Any, pattern: str, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _compiled(pattern).search(instance):
        yield ValidationError("the pattern does not match")


def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.max_mem, options.log_errors = MAX_PATTERN_BYTES, False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        raise ValidationError("the pattern cannot be run") from None


def _names(value: Any) -> Iterator[str]:
    """The names of all fields, however deep."""
    if isinstance(value, Mapping):
        yield from value
    below = value.values() if isinstance(value, Mapping) else value
    if isinstance(below, Iterable) and not isinstance(below, str):
        for inner in below:
            yield from _names(inner)


_Validator: Final = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]
