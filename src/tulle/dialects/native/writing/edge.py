"""Entry points, routers and all that they are made of, of whatever files: as one section. Pure."""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from tulle.dialects.native.writing.content import Key
from tulle.dialects.native.writing.plain import Data, file
from tulle.dialects.sections import Shape, path_of
from tulle.dialects.tables import held
from tulle.dialects.traefik.dialect import DIALECT
from tulle.dialects.traefik.files import is_text
from tulle.dialects.traefik.middleware_specs import ClientTlsSpec
from tulle.dialects.traefik.spelling import spelt
from tulle.kit.yaml_writing import Commented
from tulle.model.documents import Document

PREFIX = f"{DIALECT.name}/"
"""Begins the kinds of the parts."""
ORDER = ("entryPoints", "certificatesResolvers", "providers", "http", "tcp", "udp", "tls")
"""In which people read sections; others come before them."""
WITHIN = ("routers", "middlewares", "services", "serversTransports")
FILES = frozenset(
    ("ca_certificates", "ca_files", "cert_file", "file_path", "key_file", "root_cas", "storage", "users_file")
)
"""Fields that are paths, or what could be in a file."""
CLIENT_FILES = frozenset(("ca", "cert", "key"))
"""The same, of TLS towards servers."""


def is_edge(part: Document) -> bool:
    """Whether a part is written in this section."""
    return part.key.kind.startswith(PREFIX)


def section(parts: Iterable[Document], folder: str, notes: Mapping[Key, tuple[str, ...]]) -> Data:
    """All of it: paths in it start at `folder`, `notes` are lines of comment above parts."""
    found: Data = {}
    for part in sorted(parts, key=_place):
        value = said(part, folder)
        kind = DIALECT.kinds[part.key.kind]
        if value == {} and kind.section == ("providers",):
            continue  # its files are in here
        *way, last = (*kind.section, part.key.name.name) if kind.shape is Shape.NAMED else kind.section
        holder: Any = found
        for step in way:
            holder = holder.setdefault(step, {})
        commented = Commented(value, notes.get((part.key.kind, part.key.name), ()))
        if kind.shape is Shape.LISTED:
            holder.setdefault(last, []).append(commented)
        else:
            holder[last] = commented
    return found


def said(part: Document, folder: str) -> Any:
    """What a part says, in the usual spelling."""
    kind = DIALECT.kinds[part.key.kind]
    value: Any = part.data
    for step in path_of(kind, part):
        value = value[step]
    value = _moved(spelt(value, kind.schema), kind.schema, part.folder, folder)
    if kind.section == ("providers",) and isinstance(value, dict):
        value.pop("file", None)
    return value


def _place(part: Document) -> tuple[int, int, tuple[str, ...]]:
    kind = DIALECT.kinds[part.key.kind]
    return _rank(kind.section, 0, ORDER), _rank(kind.section, 1, WITHIN), kind.section


def _rank(given: tuple[str, ...], step: int, order: tuple[str, ...]) -> int:
    return order.index(given[step]) if len(given) > step and given[step] in order else -1


def _moved(value: Any, schema: type[BaseModel], before: str, after: str) -> Any:
    """A value as plain mappings and lists, with paths that start at another folder."""
    if isinstance(value, list):
        return [_moved(each, schema, before, after) for each in value]
    if not isinstance(value, dict):
        return value
    fields = {info.alias or name: (name, info) for name, info in schema.model_fields.items()}
    found = {}
    for key, given in value.items():
        name, info = fields.get(key, (key, None))
        inner = held(info.annotation) if info is not None else ()
        if name in FILES or (name in CLIENT_FILES and issubclass(schema, ClientTlsSpec)):
            found[key] = _files(given, before, after)
        else:
            found[key] = _moved(given, inner[0], before, after) if inner else _plain(given)
    return found


def _files(given: Any, before: str, after: str) -> Any:
    if isinstance(given, list):
        return [_files(each, before, after) for each in given]
    if not isinstance(given, str) or not given or is_text(given):
        return given
    return ",".join(str(file(os.path.join(before, each.strip()), after)) for each in given.split(","))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
