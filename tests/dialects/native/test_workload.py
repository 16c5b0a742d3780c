from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.services import Entry

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "workload web has neither command (to be run) nor address (where it runs)"),
        (
            "{command: x, address: 10.0.0.1}",
            'workload web: "address" cannot stand beside command: it is run here, or it is there',
        ),
        ("{address: '10.0.0.1:80'}", 'workload web: "address" has a port; write ports beside it'),
        ("{command: x, sidecar: true}", 'workload web: "sidecar" is only for workloads with address'),
        ("{command: x, unix_socket: true}", 'workload web: "unix_socket" needs exactly one port'),
        ("{command: x, ready: /a}", 'workload web: "ready" needs a port; write port, or ready with command'),
        (
            "{command: x, namespace: tulle-system}",
            'workload web cannot be in the namespace "tulle-system", which belongs to the mesh itself',
        ),
        ("{comand: x}", 'workload web: unknown field "comand"; did you mean "command"?'),
        ("{command: x, protocol: tcp}", 'workload web: "protocol" needs port: its number'),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    fragment = read(f"workloads: {{web: {text}}}")
    assert [finding.message for finding in fragment.findings] == [message]
    assert not fragment.workloads


def test_it_runs_and_only_selectors_find_it(read: Read) -> None:
    fragment = read(
        "namespace: shop\nworkloads: {reviews-v2: {command: [run, it], port: 9080, replicas: 2, account: reviews, "
        "labels: {app: reviews, version: v2}, ready: /health, calls: [db], env: {A: b}, locality: eu/a}}"
    )
    (workload,) = fragment.workloads
    assert workload.is_bare and workload.service == Name("shop", "reviews") and workload.version == "v2"
    assert dict(workload.own_labels) == {"app": "reviews", "version": "v2"} and workload.account == "reviews"
    assert workload.command == ("run", "it") and workload.calls == (Name("shop", "db"),) and workload.replicas == 2
    assert not fragment.services and str(workload.locality) == "eu/a"


def test_it_may_say_only_how_it_runs(read: Read) -> None:
    (workload,) = read("workloads: {web: {command: run}}").workloads
    assert (workload.service, workload.account, workload.ports, workload.labels) == (Name("default", "web"), "", (), ())
    assert workload.calls is None and workload.locality is None


def test_it_may_already_run_elsewhere(read: Read) -> None:
    (entry,) = read(
        "workloads: {vm: {address: db.example.org, ports: {sql: {port: 3306, protocol: tcp}}, labels: {app: db}, "
        "account: db, weight: 3, network: n, sidecar: true, locality: eu}}"
    ).objects
    assert isinstance(entry, Entry)
    assert (entry.address, entry.ports, entry.labels) == ("db.example.org", (("sql", 3306),), (("app", "db"),))
    assert (entry.account, entry.weight, entry.network, entry.is_meshed) == ("db", 3, "n", True)
    (entry,) = read("workloads: {vm: {address: 10.0.0.5}}").objects
    assert isinstance(entry, Entry) and entry.locality is None
