from __future__ import annotations

import pytest

from tulle.flow.last_good import LastGood
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


POLICY = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: deny}
spec: {action: DENY, rules: [{to: [{operation: {paths: [/secret]}}]}]}
"""


@pytest.mark.parametrize(
    "text",
    [
        POLICY.replace("DENY", "DENNY"),
        POLICY.replace("operation: {paths: [/secret]}", "operation: {}"),
        "access: {deny: {action: denny}}",
        "tokens: {issuer: {isuer: me}}",
        "mtls: {strict: {moode: strict}}",
    ],
)
def test_a_policy_that_never_was_good_is_left_out_and_says_so(text: str) -> None:
    for parts, words in (
        (Parts(last_good=LastGood({})), "(it is not enforced until it is mended)"),
        (Parts(), "(this version is not enforced)"),
    ):
        parts.update((document(text),))
        ((finding, *_),) = parts.findings.values()
        assert finding.message.endswith(words)
        assert not any(fragment.objects for fragment in parts.fragments.values())


def test_what_never_was_good_does_not_become_so_by_another_mistake() -> None:
    parts = Parts(last_good=LastGood({}))
    for action in ("DENNY", "DENI", "[]"):
        parts.update((document(POLICY.replace("DENY", action)),))
        ((finding,),) = parts.findings.values()
        assert finding.message.endswith(" (it is not enforced until it is mended)")
        assert not any(parts.last_good.take().values())


def test_what_counts_is_told_once_at_the_first_mistake() -> None:
    parts = Parts()
    parts.update((document(POLICY),))
    parts.update((document(POLICY.replace("DENY", "DENNY").replace("paths", "pathes")),))
    ((first, second),) = parts.findings.values()
    assert first.message.endswith(" (its last good version still counts)")
    assert not second.message.endswith(")")
    parts.update((document(POLICY),))
    assert not parts.findings


def test_a_part_that_goes_to_another_file_while_it_is_broken_keeps_its_last_good_version() -> None:
    parts = Parts()
    parts.update((document(POLICY),))
    (good,) = parts.fragments.values()
    broken = POLICY.replace("DENY", "DENNY")
    for text, file in ((broken, "a.yaml"), (broken, "b.yaml"), (POLICY.replace("DENY", "[]"), "c.yaml")):
        parts.update((document(text, file),))
        assert [*parts.fragments.values()] == [good]
    # A copy of it is another one.
    parts.update((document(POLICY, "c.yaml"), document(broken, "d.yaml")))
    assert len([each for each in parts.fragments.values() if each.objects]) == 1


def said(parts: Parts) -> list[str]:
    return [part.key.name.name for part in parts.order]


def test_a_document_with_mistakes_around_its_parts_goes_on_saying_what_it_said() -> None:
    parts = Parts()
    parts.update((document(POLICY),))
    (good,) = parts.fragments.values()
    wrong = document(POLICY.replace("AuthorizationPolicy", "AuthorisationPolicy"))
    for each in (wrong, document(POLICY.replace("name: deny", "nam: deny")), wrong):
        parts.update((each,))
        assert [*parts.fragments.values()] == [good]
        ((finding,),) = parts.findings.values()
        assert finding.message.endswith(" (what it last said, and says nowhere now, still counts)")
    parts.update((document(POLICY),))
    assert len(parts.fragments) == 1 and not parts.findings
    parts.update((wrong,))
    parts.update(())
    assert not parts.fragments
    parts.update((wrong,))
    ((finding,),) = parts.findings.values()
    assert "still counts" not in finding.message and not parts.fragments


def test_what_such_a_document_says_or_another_one_says_now_is_not_said_twice() -> None:
    parts = Parts()
    parts.update((document("services: {a: {command: a}, b: {command: b}, c: {command: c}}"), document("{}", "b.yaml")))
    first = document("servces: {}\nservices: {a: {command: x}}")
    other = document("services: {b: {command: b}}", "b.yaml")
    parts.update((first, other))
    assert said(parts) == ["a", "c", "b"]
    assert [*parts.order] == sorted(parts.order, key=parts.rank)
    parts.update((document("services: {a: {command: x}}"), other))
    assert said(parts) == ["a", "b"]
