from __future__ import annotations

from tulle.flow.merge import Merge
from tulle.flow.parts import Change
from tulle.model.documents import BUILT_IN, Document, Key, Origin
from tulle.model.listeners import Listener
from tulle.model.mesh import Fragment, Settings
from tulle.model.names import Name
from tulle.model.routes import RouteSet
from tulle.model.services import Port, Protocol, Service
from tulle.model.workloads import Workload

WEB = Name("default", "web")
EMPTY: frozenset[Document] = frozenset()


def fragment() -> Fragment:
    """A service with everything that can belong to it."""
    return Fragment(
        settings=Settings(),
        services=(Service(name=WEB, origin=BUILT_IN, ports=(), account="web"),),
        workloads=(Workload(name=WEB, origin=BUILT_IN, service=WEB, command="x", directory="/"),),
        listeners=(Listener(name=WEB, origin=BUILT_IN, port=1),),
        routes=(RouteSet(name=WEB, origin=BUILT_IN, service=WEB), RouteSet(name=WEB, origin=BUILT_IN)),
    )


def part(file: str) -> Document:
    return Document(Origin("file", file, subject="service web"), Key("x", WEB), {})


def test_the_rules_and_workloads_of_a_service_that_lost_its_name_do_not_count() -> None:
    first, second = part("a"), part("b")
    says = {first: fragment(), second: fragment()}
    position = [first, second].index
    merge = Merge()

    merge.update(Change(frozenset({second}), EMPTY), says, position)
    assert merge.services.table[WEB] is says[second].services[0]
    assert set(merge.routes_added) == set(says[second].routes)

    merge.update(Change(frozenset({first}), EMPTY), says, position)
    assert merge.services.table[WEB] is says[first].services[0]
    assert merge.workloads.table[WEB] is says[first].workloads[0]
    assert merge.listeners.table[WEB] is says[first].listeners[0]
    assert set(merge.routes_added) == set(says[first].routes)
    assert merge.routes_removed == set(says[second].routes)
    assert merge.changed.services == {WEB}
    assert {str(finding) for finding in merge.findings(position)} == {
        "b:1: error: service web is given twice (first at a:1); the first one counts"
    }

    merge.update(Change(EMPTY, frozenset({second})), says, position)
    assert merge.services.table[WEB] is says[first].services[0]
    assert not list(merge.findings(position))
    merge.update(Change(frozenset({second}), EMPTY), says, position)

    merge.update(Change(EMPTY, frozenset({first})), says, position)
    assert merge.services.table[WEB] is says[second].services[0]
    assert not list(merge.findings(position))
    merge.update(Change(EMPTY, frozenset({second})), says, position)
    assert not merge.services.table and not merge.workloads.table


def test_documents_about_one_host_say_it_together() -> None:
    def entry(number: int, protocol: Protocol = Protocol.HTTP) -> Fragment:
        port = Port(name="web", number=number, protocol=protocol)
        service = Service(name=WEB, origin=BUILT_IN, ports=(port,), account="", hosts=("web.example.org",))
        return Fragment(declared=(service,))

    parts = [Document(Origin("file", each, subject=each), Key("x", Name("default", each)), {}) for each in "abc"]
    says = dict(zip(parts, (entry(80), entry(81), entry(80, Protocol.TCP)), strict=True))
    merge = Merge()
    merge.update(Change(frozenset(parts), EMPTY), says, parts.index)
    assert [port.number for port in merge.declared.table[WEB].ports] == [80, 81]
    (found,) = merge.findings(parts.index)
    assert "port 80 of web.example.org speaks http as" in found.message
