"""A mesh from texts, each a file of its own."""

from __future__ import annotations

from tulle.flow.build import Builder
from tulle.kit.located_yaml import parse
from tulle.model.documents import Document, Key, Origin
from tulle.model.mesh import Mesh
from tulle.model.names import Name


def document(text: str, file: str = "a.yaml") -> Document:
    """One document of a file."""
    data = parse(text)
    assert isinstance(data, dict)
    return Document(Origin("file", file), Key("file", Name("", f"{file}#1")), data, "/folder")


def documents(*texts: str) -> tuple[Document, ...]:
    """One document a file: `1.yaml`, `2.yaml`, …"""
    return tuple(document(text, f"{number}.yaml") for number, text in enumerate(texts, 1))


def built(*texts: str) -> Mesh:
    """What they mean together."""
    return Builder().build(documents(*texts))


def messages(mesh: Mesh) -> list[str]:
    """What is wrong, with its place."""
    return [str(finding) for finding in mesh.findings]
