"""Merge one message into another, as protocol buffers do, but for what would surprise whoever wrote the change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from google.protobuf import any_pb2
from google.protobuf.message import Message
from xds.type.v3 import typed_struct_pb2

from tulle.envoy import protos
from tulle.envoy.patching.types import class_of

Json: TypeAlias = Mapping[str, Any]
NOTHING: Json = {}
TYPED_STRUCT = typed_struct_pb2.TypedStruct.DESCRIPTOR.full_name
WHOLE = frozenset(
    f"google.protobuf.{name}"
    for name in ("Duration", "Timestamp", "Value", "ListValue", "BoolValue", "BytesValue", "DoubleValue", "FloatValue",
                 "Int32Value", "Int64Value", "StringValue", "UInt32Value", "UInt64Value")
)  # fmt: skip
"""Messages that are one value: merged field by field, one second and half a second would be one and a half."""


def merge(target: Message, source: Message, written: Json = NOTHING, *, replaces_lists: bool = False) -> None:
    """Everything that is set in `source` counts; lists become longer, or are replaced.

    `written` is the JSON of `source`: a `false` or `0` in it counts too, which the message itself cannot tell from
    nothing.
    """
    _reset(target, source, written)
    for field, value in source.ListFields():
        name, kind = field.name, field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            _merge_map(getattr(target, name), value, _within(written, field))
        elif field.is_repeated:
            if replaces_lists:
                target.ClearField(name)
            getattr(target, name).extend(value)
        elif kind is None:
            setattr(target, name, value)
        elif kind.full_name == any_pb2.Any.DESCRIPTOR.full_name:
            merge_any(getattr(target, name), value, _within(written, field))
        elif kind.full_name in WHOLE:
            getattr(target, name).CopyFrom(value)
        else:
            getattr(target, name).SetInParent()
            merge(getattr(target, name), value, _within(written, field), replaces_lists=replaces_lists)


def merge_any(target: any_pb2.Any, source: any_pb2.Any, written: Json = NOTHING) -> None:
    """Two messages of one type are merged; one of another type takes the place of what was there."""
    kind = class_of(source.TypeName())
    if target.TypeName() != source.TypeName() or kind is None:
        target.CopyFrom(source)
        return
    merged, added = kind(), kind()
    target.Unpack(merged)
    source.Unpack(added)
    if source.TypeName() == TYPED_STRUCT:
        # Of extensions without a class: what is in it is no longer what was written.
        written = NOTHING
        if merged.type_url != added.type_url:
            merged.Clear()
    merge(merged, added, written)
    target.CopyFrom(protos.packed(merged))


def _reset(target: Message, source: Message, written: Json) -> None:
    """Plain values that were written as what they are by default."""
    for field in target.DESCRIPTOR.fields:
        is_plain = field.message_type is None and not field.is_repeated and not field.has_presence
        if is_plain and _given(written, field) is not None and not getattr(source, field.name):
            target.ClearField(field.name)


def _given(written: Json, field: Any) -> Any:
    return written.get(field.name, written.get(field.json_name))


def _within(written: Json, field: Any) -> Json:
    found = _given(written, field)
    return found if isinstance(found, Mapping) else NOTHING


def _merge_map(target: Any, source: Any, written: Json) -> None:
    for key, value in source.items():
        if isinstance(value, any_pb2.Any):
            within = written.get(str(key))
            merge_any(target[key], value, within if isinstance(within, Mapping) else NOTHING)
        elif isinstance(value, Message):
            target[key].CopyFrom(value)
        else:
            target[key] = value
