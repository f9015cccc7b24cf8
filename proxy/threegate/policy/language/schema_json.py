"""`policies/schema.json` from the schema classes: JSON Schema 2020-12 for editors, with
descriptions in both languages.

The schema helps while typing; the loader decides. A test compares the file with this module's
output.
"""

from __future__ import annotations

import json
from dataclasses import Field, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from threegate.policy.language.shapes import (
    Form,
    description,
    enum_values,
    hints,
    is_required,
    key_of,
    specs,
)
from threegate.policy.schema import Pack, Sample, Then
from threegate.types import Bilingual

_BILINGUAL = {
    "type": "object",
    "properties": {"zh": {"type": "string"}, "en": {"type": "string"}},
    "required": ["zh", "en"],
    "additionalProperties": False,
}
_SCALARS = {str: "string", bool: "boolean", int: "integer", float: "number"}


def schema_json() -> str:
    """The whole document, ending in a newline."""
    maker = _Maker()
    root = maker.ref(Pack)
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Threegate 策略包 / policy pack",
        **root,
        "$defs": dict(sorted(maker.defs.items())),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


class _Maker:
    def __init__(self) -> None:
        self.defs: dict[str, Any] = {}

    def ref(self, kind: type) -> dict[str, Any]:
        name = kind.__name__
        if name not in self.defs:
            self.defs[name] = {}
            self.defs[name] = self._shorthand(kind, self._object(kind))
        return {"$ref": f"#/$defs/{name}"}

    def _object(self, kind: type) -> dict[str, Any]:
        made: dict[str, Any] = {
            "type": "object",
            "description": (kind.__doc__ or "").strip(),
            "properties": {key_of(f): self._property(kind, f) for f in specs(kind)},
            "additionalProperties": False,
        }
        if needed := [key_of(f) for f in specs(kind) if is_required(f)]:
            made["required"] = needed
        return made

    def _shorthand(self, kind: type, made: dict[str, Any]) -> dict[str, Any]:
        if kind is Sample:
            return {"oneOf": [{"type": "string"}, made]}
        if kind is Then:
            actions = ["block", "mask", "redact", "annotate", "flag", "rewrite"]
            return {"oneOf": [{"enum": actions}, made]}
        return made

    def _property(self, kind: type, spec: Field[Any]) -> dict[str, Any]:
        made = dict(self.make(hints(kind)[spec.name]))
        doc = description(kind, spec)
        made["description"] = f"{doc.zh} / {doc.en}"
        if "range" in spec.metadata:
            made["minimum"], made["maximum"] = spec.metadata["range"]
        return made

    def make(self, kind: Any) -> dict[str, Any]:
        origin, args = get_origin(kind), get_args(kind)
        if kind is Any:
            return {}
        if origin is Annotated:
            form = next(a for a in args if isinstance(a, Form))
            return {"type": "string", **_pattern(form)}
        if origin in (Union, UnionType):
            return self._union(args)
        if origin is tuple:
            return {"type": "array", "items": self.make(args[0])}
        if origin is dict:
            return {"type": "object", "additionalProperties": self.make(args[1])}
        if kind is Bilingual:
            return _BILINGUAL
        if isinstance(kind, type) and is_dataclass(kind):
            return self.ref(kind)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return {"enum": list(enum_values(kind))}
        return {"type": _SCALARS[kind]}

    def _union(self, args: tuple[Any, ...]) -> dict[str, Any]:
        kinds = [a for a in args if a is not NoneType]
        if len(kinds) == 1:
            return self.make(kinds[0])
        if any(get_origin(k) is tuple or k is Bilingual for k in kinds):
            return {"oneOf": [self.make(k) for k in kinds]}
        # Rules: the layer decides, as in the decoder.
        detection, constraint = (self.make(k) for k in kinds)
        is_constraint = {"properties": {"layer": {"const": "constraint"}}, "required": ["layer"]}
        return {"if": is_constraint, "then": constraint, "else": detection}


def _pattern(form: Form) -> dict[str, Any]:
    """Only forms whose regular expression means the same in JSON Schema (ECMA 262)."""
    if form.name in ("id", "name", "date", "kind", "sha256", "exception", "host"):
        return {"pattern": f"^(?:{form.regex.pattern})$"}
    return {}
