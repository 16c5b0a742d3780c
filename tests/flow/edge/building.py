"""Meshes of documents of Traefik, for tests."""

from __future__ import annotations

from pathlib import Path

from tests.dialects.traefik.reading import document
from tulle.flow.build import Builder
from tulle.model.challenges import NOTHING_ISSUED, Issued
from tulle.model.documents import Document
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.routes import RouteSet
from tulle.sources.built_in import document as built_in

PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
STANDING: Document = built_in(PEM, Path("/run/routers.sock"))
"""What is always there."""
SERVICES = """
  services:
    s: {loadBalancer: {servers: [{url: "http://10.0.0.1:80"}]}}
    t: {loadBalancer: {servers: [{url: "http://10.0.0.2:80"}]}}
"""


def mesh(text: str, builder: Builder | None = None, issued: Issued = NOTHING_ISSUED) -> Mesh:
    """The mesh of a document, and of what is always there."""
    return (builder or Builder()).build((document(text), STANDING), issued=issued)


def http(routers: str, more: str = "", services: str = SERVICES) -> str:
    """A document with an entry point, some routers and two services."""
    return f"entryPoints: {{web: {{address: ':8080'}}}}\nhttp:\n  routers:\n    {routers}\n{services}{more}"


def told(found: Mesh) -> list[str]:
    """Findings with their lines."""
    return [f"{each.origin.line}: {each.message}" for each in found.findings]


def routes(found: Mesh) -> dict[str, RouteSet]:
    """Route sets by the names of their routers; of several the last."""
    return {each.name.name: each for each in found.gateway_routes}


def file(name: str) -> Name:
    """Something of the files."""
    return Name("@file", name)
