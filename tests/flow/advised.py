"""What files say, with advice, and advice on documents that a test writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tulle.flow.build import Builder
from tulle.flow.offline import missing_files
from tulle.kit.located_yaml import parse, pieces
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.findings import Finding
from tulle.model.names import Name
from tulle.sources.file import Files


def advised(paths: Sequence[str | Path]) -> list[str]:
    """Every finding about some files, by place."""
    batch = Files([str(path) for path in paths]).scan()
    mesh = Builder().build(batch.documents, batch.findings)
    return shown((*mesh.findings, *missing_files(mesh)))


def advice(builder: Builder) -> list[str]:
    """What was found in the light of other documents."""
    return shown(tuple(builder._checking.advice.findings()))


def shown(findings: Sequence[Finding]) -> list[str]:
    """Findings as users see them, by place, each once."""
    ordered = sorted(findings, key=lambda each: (each.origin.file, each.origin.line, each.message))
    return list(dict.fromkeys(map(str, ordered)))


class Desk:
    """Documents that are written, changed and removed, with advice that is kept up to date."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.documents: dict[str, tuple[Document, ...]] = {}
        self.mesh = self.builder.build(())

    def put(self, file: str, text: str) -> list[str]:
        """Write a file anew, or remove it (empty); all advice of now."""
        self.documents[file] = documents(file, text)
        return self.update()

    def update(self) -> list[str]:
        """Build again."""
        self.mesh = self.builder.build(tuple(each for file in sorted(self.documents) for each in self.documents[file]))
        return advice(self.builder)

    def afresh(self) -> list[str]:
        """What somebody says who sees all of it for the first time."""
        builder = Builder()
        builder.build(tuple(each for file in sorted(self.documents) for each in self.documents[file]))
        return advice(builder)


def documents(file: str, text: str) -> tuple[Document, ...]:
    """The documents of a file."""
    found = []
    for index, piece in enumerate(pieces(text)):
        data = parse(piece.text)
        if data is not None:
            assert isinstance(data, dict)
            origin = Origin("file", file, Anchor(piece.line + 1))
            found.append(Document(origin, Key("file", Name("", f"{file}#{index}")), data, "/"))
    return tuple(found)


VERSIONS = {
    "VirtualService": "networking.istio.io/v1",
    "DestinationRule": "networking.istio.io/v1",
    "ServiceEntry": "networking.istio.io/v1",
    "Gateway": "networking.istio.io/v1",
    "Sidecar": "networking.istio.io/v1",
    "WorkloadEntry": "networking.istio.io/v1",
    "AuthorizationPolicy": "security.istio.io/v1",
    "PeerAuthentication": "security.istio.io/v1",
    "RequestAuthentication": "security.istio.io/v1",
    "Telemetry": "telemetry.istio.io/v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "UDPRoute": "gateway.networking.k8s.io/v1",
    "Service": "v1",
    "Secret": "v1",
}


def written(kind: str, name: str, spec: str, namespace: str = "default") -> str:
    """An object, in five lines."""
    head = f"apiVersion: {VERSIONS[kind]}\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}"
    return f"{head}\nspec: {spec}\n---\n"
