from __future__ import annotations

from dataclasses import replace

from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.policies import Locality
from tulle.model.workloads import Assignment, Probe, Workload, canonical_name

NAME = Name("default", "web")
WORKLOAD = Workload(name=NAME, origin=BUILT_IN, service=NAME, command="web", directory="/")
ASSIGNMENT = Assignment(
    name=NAME,
    service=NAME,
    version="",
    account="web",
    labels=WORKLOAD.labels,
    command="web",
    directory="/",
    environment=(),
    ports=(),
    replicas=1,
    probe=Probe(),
    drain=5.0,
    unix_socket=False,
    forwards=(),
    trust_domain="cluster.local",
    concurrency=1,
)


def test_labels_are_what_subsets_select_by() -> None:
    assert WORKLOAD.labels == (("app", "web"),)
    assert replace(WORKLOAD, version="v1").labels == (("app", "web"), ("version", "v1"))


def test_where_a_workload_is_can_be_selected_by() -> None:
    placed = replace(WORKLOAD, locality=Locality.parse("eu/a"))
    assert placed.labels == (
        ("app", "web"),
        ("topology.kubernetes.io/region", "eu"),
        ("topology.kubernetes.io/zone", "a"),
    )
    moved = replace(placed, own_labels=(("topology.kubernetes.io/zone", "b"),))
    assert Locality.of(moved.labels) == Locality.parse("eu/b")


def test_scaling_makes_nothing_obsolete_and_another_command_does() -> None:
    assert replace(ASSIGNMENT, replicas=3, drain=9.0).fingerprint == ASSIGNMENT.fingerprint
    assert replace(ASSIGNMENT, command="other").fingerprint != ASSIGNMENT.fingerprint
    assert replace(ASSIGNMENT, environment=(("A", "b"),)).fingerprint != ASSIGNMENT.fingerprint


def test_a_bare_workload_has_only_the_labels_that_were_written() -> None:
    name = Name("default", "web")
    bare = Workload(
        name=name, origin=BUILT_IN, service=name, command="x", directory="/", is_bare=True, own_labels=(("a", "b"),)
    )
    assert bare.labels == (("a", "b"),)
    owned = replace(bare, is_bare=False, version="v1", own_labels=(("app", "other"),))
    assert owned.labels == (("app", "other"), ("version", "v1"))


def test_a_workload_without_a_service_is_called_by_its_labels() -> None:
    assert canonical_name({"app": "reviews"}, "reviews-v1") == "reviews"
    assert canonical_name({"app": "a", "app.kubernetes.io/name": "b"}, "x") == "b"
    assert canonical_name({"app": ""}, "x") == "x"
