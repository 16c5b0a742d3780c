"""Types of Envoy by their names: the classes that exist for them, and what people call what they configure."""

from __future__ import annotations

import pkgutil
import re
from functools import cache
from importlib import import_module

from google.protobuf import any_pb2, descriptor_pool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from udpa.type.v1 import typed_struct_pb2 as old_typed_struct_pb2
from xds.type.v3 import typed_struct_pb2

PACKAGE = re.compile(r"(?:envoy|xds|udpa)(?:\.[a-z][a-z0-9_]*)+\.v[0-9]+(?:alpha[0-9]*)?")
"""Of types in documents: only generated modules in packages of such names are ever imported."""
STRUCTS = (typed_struct_pb2.TypedStruct, old_typed_struct_pb2.TypedStruct)


@cache
def class_of(type_name: str) -> type[Message] | None:
    """The class of a message type, or None if there is none here."""
    has_package(type_name.rpartition(".")[0])
    try:
        found: type[Message] = GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(type_name))
    except KeyError:
        return None
    return found


@cache
def has_package(package: str) -> bool:
    """Whether the types of a package of Envoy's API are known; imports them."""
    if not PACKAGE.fullmatch(package):
        return False
    try:
        path = import_module(package).__path__
    except ModuleNotFoundError:
        return False
    modules = [each.name for each in pkgutil.iter_modules(path) if each.name.endswith("_pb2")]
    for name in modules:
        import_module(f"{package}.{name}")
    return bool(modules)


def configured(config: any_pb2.Any) -> str:
    """The type of a configuration, also of one without a class (`TypedStruct`)."""
    for kind in STRUCTS:
        if config.Is(kind.DESCRIPTOR):
            struct = kind()
            config.Unpack(struct)
            return str(struct.type_url).rpartition("/")[2]
    return str(config.TypeName())


def canonical(config: any_pb2.Any) -> str:
    """What Envoy calls the extension of a configuration: `envoy.filters.http.router`; empty if it has no such name."""
    package = configured(config).rpartition(".")[0]
    parts = package.split(".")
    if parts[:2] != ["envoy", "extensions"]:
        return ""
    return ".".join(("envoy", *parts[2:-1]))


def is_called(name: str, own: str, config: any_pb2.Any) -> bool:
    """Whether people mean by a name the filter that has another name here.

    It may be Envoy's name (`envoy.filters.http.router`), the one before that (`envoy.router`), or its own.
    """
    if name == own:
        return True
    extension = canonical(config)
    prefix, _, last = name.rpartition(".")
    return bool(extension) and (name == extension or (prefix == "envoy" and last == extension.rpartition(".")[2]))
