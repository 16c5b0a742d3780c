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


def numbered(*names: str) -> tuple[Document, ...]:
    """A document with so many services for each name."""
    texts = ("services: {" + ", ".join(f"{letter}: {{command: x}}" for letter in name) + "}" for name in names)
    return tuple(document(text, f"{name}.yaml") for text, name in zip(texts, names, strict=True))


def test_what_is_inserted_stands_between_others_which_stay_where_they_are() -> None:
    parts = Parts()
    first, second, third = numbered("ab", "c", "d")
    parts.update((first, third))
    ranks = dict(parts.ranks)
    change = parts.update((first, second, third))
    assert (len(change.added), change.removed, change.moved) == (1, frozenset(), frozenset())
    assert ranks.items() <= parts.ranks.items()
    assert [each.key.name.name for each in sorted(parts.order, key=parts.rank)] == ["a", "b", "c", "d"]
    assert list(parts.order) == sorted(parts.order, key=parts.rank)


def test_documents_that_change_places_are_not_read_again() -> None:
    parts = Parts()
    documents = numbered("ab", "c", "d", "e")
    parts.update(documents)
    change = parts.update((documents[0], documents[2], documents[1], documents[3]))
    assert not change.added and not change.removed
    assert sorted(each.key.name.name for each in change.moved) == ["c", "d"]
    change = parts.update(documents[::-1])
    assert not change.added and not change.removed
    assert [each.key.name.name for each in sorted(parts.order, key=parts.rank)] == ["e", "d", "c", "a", "b"]
    assert parts.update(documents[::-1]).moved == frozenset()


def test_there_is_always_room_between_two_documents() -> None:
    parts = Parts()
    known = list(numbered("ab", "c"))
    parts.update(tuple(known))
    for number in range(40):
        known.insert(1, document("services: {n: {command: x}}", f"{number}.yaml"))
        change = parts.update(tuple(known))
        assert len(change.added) == 1 and not change.removed
        assert list(parts.order) == sorted(parts.order, key=parts.rank)
    emptied = document("{services: {}}", "ab.yaml")
    parts.update((emptied, *known[1:]))
    assert list(parts.order) == sorted(parts.order, key=parts.rank)
    assert len(parts.ranks) == len(parts.fragments) == 41
