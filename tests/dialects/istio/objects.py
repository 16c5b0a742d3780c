"""Objects of Istio in a few lines, for tests."""

from __future__ import annotations

from typing import Any

import yaml

from tulle.dialects import registry
from tulle.dialects.objects import ObjectKind
from tulle.kit.located_yaml import parse
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.mesh import Fragment
from tulle.model.names import Name


def fragment(kind: ObjectKind, spec: object, **metadata: object) -> Fragment:
    """What an object of the newest version says."""
    data = {
        "apiVersion": f"{kind.group}/{kind.versions[0]}",
        "kind": kind.kind,
        "metadata": {"name": "it", **metadata},
        "spec": spec,
    }
    value = parse(yaml.safe_dump(data, sort_keys=False))
    assert isinstance(value, dict)
    parts, findings = registry.split(Document(Origin("file", "in.yaml", Anchor(1)), Key("file", Name("", "x")), value))
    assert not findings
    return registry.read(parts[0])


def only(kind: ObjectKind, spec: object, **metadata: object) -> Any:
    """The only object that it says, without any finding."""
    found = fragment(kind, spec, **metadata)
    assert found.findings == ()
    (one,) = found.objects
    return one


def messages(kind: ObjectKind, spec: object, **metadata: object) -> list[str]:
    """What is wrong with it."""
    return [each.message for each in fragment(kind, spec, **metadata).findings]
