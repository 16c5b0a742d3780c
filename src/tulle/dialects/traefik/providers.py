"""Providers: where dynamic configuration comes from."""

from __future__ import annotations

import os

from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik.provider_specs import FileProviderSpec, ProvidersSpec
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.providers import FileSettings, Provider
from tulle.model.routers import STATIC


def read(part: Written) -> Fragment:
    """All providers that are written."""
    spec = part.validated(ProvidersSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    found = []
    if spec.file is not None:
        settings = _files(part, spec.file)
        found.append(Provider(name=Name(STATIC, "file"), origin=part.at("file"), settings=settings))
    return Fragment(objects=tuple(found), findings=tuple(part.findings))


def _files(part: Written, spec: FileProviderSpec) -> FileSettings:
    given = [path for path in (spec.filename, spec.directory) if path]
    if not given:
        part.error(("file",), "names no file; write filename or directory")
    return FileSettings(paths=tuple(os.path.join(part.document.folder, path) for path in given))


KIND = Kind(
    name="traefik/providers",
    noun="providers",
    section=("providers",),
    shape=Shape.WHOLE,
    schema=ProvidersSpec,
    read=read,
    is_global=True,
)
