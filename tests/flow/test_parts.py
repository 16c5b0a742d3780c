from __future__ import annotations

from tulle.flow.parts import Parts
from tulle.kit.located_yaml import parse
from tulle.model.documents import Document, Key, Origin
from tulle.model.names import Name


def document(text: str, file: str = "a.yaml") -> Document:
    data = parse(text)
    assert isinstance(data, dict)
    return Document(Origin("file", file), Key("file", Name("", f"{file}#1")), data, "/folder")


TWO = "services: {a: {command: a}, b: {command: b}}"


def test_only_parts_that_changed_are_read_again() -> None:
    parts = Parts()
    first = parts.update((document(TWO),))
    assert len(first.added) == 2 and not first.removed
    second = parts.update((document(TWO.replace("command: a", "command: x")),))
    assert [part.key.name.name for part in second.added] == ["a"]
    assert [part.key.name.name for part in second.removed] == ["a"]
    third = parts.update((document("routes: [{to: a}]", "r.yaml"),))
    assert (len(third.added), len(third.removed)) == (1, 2)


def test_what_cannot_be_used_says_what_it_last_said() -> None:
    parts = Parts()
    parts.update((document(TWO),))
    good = {part.key: parts.fragments[part] for part in parts.order}
    parts.update((document(TWO.replace("command: a", "comand: a")),))
    assert {part.key: parts.fragments[part] for part in parts.order} == good
    assert len(parts.findings) == 1
    parts.update(())
    assert not parts.findings and not parts.fragments


def test_findings_of_the_frame_go_with_their_document() -> None:
    parts = Parts()
    wrong = document("servces: {}")
    parts.update((wrong,))
    assert list(parts.findings) == [wrong]
    parts.update((document("services: {}"),))
    assert not parts.findings


FILTER = """
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: more}
spec: {configPatches: [{applyTo: CLUSTER, patch: {operation: MERGE, value: {connect_timeout: 1s}}}]}
"""


def test_changes_with_values_that_are_no_messages_of_envoy_replace_no_good_ones() -> None:
    parts = Parts()
    parts.update((document(FILTER),))
    (good,) = parts.fragments.values()
    assert not parts.findings
    parts.update((document(FILTER.replace("connect_timeout", "conect_timeout")),))
    assert [*parts.fragments.values()] == [good]
    ((finding,),) = parts.findings.values()
    assert "conect_timeout" in finding.message
