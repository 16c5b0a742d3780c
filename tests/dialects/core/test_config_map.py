from __future__ import annotations

from collections.abc import Callable

from tulle.model.extensions import MeshDefaults
from tulle.model.mesh import Fragment
from tulle.model.objects import ConfigMap

Read = Callable[[str], Fragment]


def test_texts_are_kept_in_the_order_of_their_names(read: Read) -> None:
    text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: cas}, data: {b: x, a: }, binaryData: {c: YQ==}}"
    (found,) = read(text).objects
    assert isinstance(found, ConfigMap) and found.data == (("a", ""), ("b", "x"))


def test_the_configuration_of_istio_is_read_as_what_it_says(read: Read) -> None:
    text = """
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    accessLogFile: /dev/stdout
"""
    (found,) = read(text).objects
    assert isinstance(found, MeshDefaults) and found.access_log is not None


def test_what_is_no_text_is_a_mistake(read: Read) -> None:
    (finding,) = read("{apiVersion: v1, kind: ConfigMap, metadata: {name: cas}, data: {a: 1}}").findings
    assert finding.message == 'ConfigMap cas: "data.a" must be text, not 1; put it in quotes'
