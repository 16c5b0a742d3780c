from __future__ import annotations

from collections.abc import Callable

from tulle.model.mesh import Fragment
from tulle.model.objects import Namespace

Read = Callable[[str], Fragment]


def test_a_namespace_has_its_name_as_a_label(read: Read) -> None:
    (found,) = read("{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {a: b}}}").objects
    assert isinstance(found, Namespace)
    assert found.labels == (("a", "b"), ("kubernetes.io/metadata.name", "shop"))


def test_a_wrong_label_is_a_mistake(read: Read) -> None:
    (finding,) = read("{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {a: 1}}}").findings
    assert finding.is_error
