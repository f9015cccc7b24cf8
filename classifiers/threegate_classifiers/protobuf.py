"""Protocol buffer messages built from tables of the few fields that are used, without generated
code. Fields that are not listed are skipped when a message is read. Needs the extra `grpc`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

Fields = Sequence[tuple[str, int, str]]
"""Name, number and type of each field: a scalar (`bytes`) or another message of the table; with `*`
repeated, with `?` a scalar whose presence counts."""


def message_classes(package: str, table: Mapping[str, Fields]) -> dict[str, Any]:
    """The message classes by name, in a pool of their own."""
    file = descriptor_pb2.FileDescriptorProto(name=package, package=package, syntax="proto3")
    for name, fields in table.items():
        message = file.message_type.add(name=name)
        for each in fields:
            _add(message, package, table, *each)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in table
    }


def _add(
    message: Any, package: str, table: Mapping[str, Fields], name: str, number: int, kind: str
) -> None:
    proto = descriptor_pb2.FieldDescriptorProto
    made = message.field.add(name=name, number=number)
    made.label = proto.LABEL_REPEATED if kind.endswith("*") else proto.LABEL_OPTIONAL
    scalar = kind.rstrip("*?")
    if scalar in table:
        made.type, made.type_name = proto.TYPE_MESSAGE, f".{package}.{scalar}"
        return
    made.type = proto.Type.Value(f"TYPE_{scalar.upper()}")
    if kind.endswith("?"):
        made.proto3_optional, made.oneof_index = True, len(message.oneof_decl)
        message.oneof_decl.add(name=f"_{name}")
