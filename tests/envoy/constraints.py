"""Envoy's own constraints on its messages (`validate.rules` of its protobuf files), checked without an Envoy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from ipaddress import ip_address
from typing import Any

from google.protobuf import any_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from validate import validate_pb2

from tulle.envoy.patching.types import class_of
from tulle.xds.snapshot import TYPE_PREFIX, Resource

Rules = Any
HEADER_NAME = re.compile(r":?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+")
HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
LAX = re.compile(r"[^\x00\n\r]*")
"""Of headers that are not strict."""
SCALARS: dict[str, Callable[[Any, Any], bool]] = {
    "const": lambda value, limit: value == limit,
    "lt": lambda value, limit: value < limit,
    "lte": lambda value, limit: value <= limit,
    "gt": lambda value, limit: value > limit,
    "gte": lambda value, limit: value >= limit,
    "in": lambda value, limit: value in limit,
    "not_in": lambda value, limit: value not in limit,
    "min_len": lambda value, limit: len(value) >= limit,
    "max_len": lambda value, limit: len(value) <= limit,
    "min_bytes": lambda value, limit: len(value.encode()) >= limit,
    "max_bytes": lambda value, limit: len(value.encode()) <= limit,
    "prefix": lambda value, limit: value.startswith(limit),
    "suffix": lambda value, limit: value.endswith(limit),
    "pattern": lambda value, limit: re.search(limit, value) is not None,
    "min_items": lambda value, limit: len(value) >= limit,
    "max_items": lambda value, limit: len(value) <= limit,
    "min_pairs": lambda value, limit: len(value) >= limit,
    "max_pairs": lambda value, limit: len(value) <= limit,
}


def violations(resource: Resource) -> list[str]:
    """What Envoy would refuse in a resource."""
    wrapped = any_pb2.Any(type_url=resource.type_url, value=resource.body)
    return [f"{resource.name}: {each}" for each in _unpacked(wrapped, "")]


def _unpacked(wrapped: any_pb2.Any, path: str) -> Iterator[str]:
    kind = class_of(wrapped.type_url.removeprefix(TYPE_PREFIX))
    if kind is not None:
        yield from _message(kind.FromString(wrapped.value), path)


def _message(message: Message, path: str) -> Iterator[str]:
    if isinstance(message, any_pb2.Any):
        yield from _unpacked(message, path)
        return
    for field, rules in _ruled(message.DESCRIPTOR):
        for problem in _field(message, field, rules):
            yield f"{path}.{field.name} {problem}"
    for oneof in _required(message.DESCRIPTOR):
        if message.WhichOneof(oneof) is None:
            yield f"{path}.{oneof} is required"
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            yield from _inner(field, value, f"{path}.{field.name}")


def _inner(field: FieldDescriptor, value: Any, path: str) -> Iterator[str]:
    if not field.is_repeated:
        yield from _message(value, path)
    elif field.message_type.GetOptions().map_entry:
        if field.message_type.fields_by_name["value"].type == FieldDescriptor.TYPE_MESSAGE:
            for key in value:
                yield from _message(value[key], f"{path}[{key}]")
    else:
        for index, item in enumerate(value):
            yield from _message(item, f"{path}[{index}]")


@cache
def _ruled(descriptor: Descriptor) -> list[tuple[FieldDescriptor, Rules]]:
    options = ((field, field.GetOptions()) for field in descriptor.fields)
    return [(f, each.Extensions[validate_pb2.rules]) for f, each in options if each.HasExtension(validate_pb2.rules)]


@cache
def _required(descriptor: Descriptor) -> list[str]:
    return [each.name for each in descriptor.oneofs if each.GetOptions().Extensions[validate_pb2.required]]


def _field(message: Message, field: FieldDescriptor, rules: Rules) -> Iterator[str]:
    value = getattr(message, field.name)
    if field.is_repeated:
        yield from _check(list(value) if rules.WhichOneof("type") == "repeated" else value, rules)
        return
    if field.has_presence and not message.HasField(field.name):
        kind = rules.WhichOneof("type")
        needs = rules.message.required or (kind and getattr(getattr(rules, kind), "required", False))
        if needs and field.containing_oneof is None:
            yield "is required"
        return
    if field.type == FieldDescriptor.TYPE_MESSAGE and field.message_type.full_name.endswith("Value"):
        value = value.value
    yield from _check(value, rules)


def _check(value: Any, rules: Rules) -> Iterator[str]:
    kind = rules.WhichOneof("type")
    if kind is None:
        return
    part = getattr(rules, kind)
    if getattr(part, "ignore_empty", False) and not value:
        return
    if kind == "duration":
        value = value.seconds * 10**9 + value.nanos
    for rule, limit in part.ListFields():
        if kind == "duration" and rule.type == FieldDescriptor.TYPE_MESSAGE:
            limit = limit.seconds * 10**9 + limit.nanos
        yield from _rule(value, rule.name, limit, part)


def _rule(value: Any, rule: str, limit: Any, part: Rules) -> Iterator[str]:
    if rule == "items":
        for item in value:
            plain = item.value if hasattr(item, "DESCRIPTOR") and item.DESCRIPTOR.full_name.endswith("Value") else item
            yield from _check(plain, limit)
    elif rule in {"keys", "values"}:
        for item in value if rule == "keys" else value.values():
            yield from _check(item, limit)
    elif rule == "unique":
        shown = [str(MessageToDict(each)) if isinstance(each, Message) else each for each in value]
        if len(set(shown)) != len(shown):
            yield "has something twice"
    elif rule == "well_known_regex":
        is_name = limit == validate_pb2.HTTP_HEADER_NAME
        strict = part.strict if part.HasField("strict") else True
        known = (HEADER_NAME if is_name else HEADER_VALUE) if strict else LAX
        if not known.fullmatch(value) or (strict and is_name and not value):
            yield f"is no {'name' if is_name else 'value'} of a header: {value!r}"
    elif rule in {"ip", "ipv4", "ipv6"}:
        try:
            ip_address(value)
        except ValueError:
            yield f"is no IP address: {value!r}"
    elif rule in SCALARS and not SCALARS[rule](value, limit):
        yield f"is {value!r}, against {rule} {limit}"[:300]
