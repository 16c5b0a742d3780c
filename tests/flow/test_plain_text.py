from __future__ import annotations

from dataclasses import replace

from tests.flow.joins import Joins
from tests.flow.world import name, service, workload
from tulle.flow.plain_text import PlainText, told_of
from tulle.model.documents import BUILT_IN
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.security import PeerAuthentication, PeerMode
from tulle.model.services import Port, Service
from tulle.model.workloads import Workload

WEB = name("web")


class World:
    """Services, workloads and policies, and what became of the services."""

    def __init__(self) -> None:
        self.joins, self.plain = Joins(), PlainText()

    def put(self, file: str, **says: object) -> frozenset[Name]:
        changed = self.joins.put(file, **says)
        guarding = self.joins.guarding
        return self.plain.update(self.joins.services, changed, guarding.guards, guarding.changed)

    @property
    def ports(self) -> tuple[int, ...]:
        return self.plain.services[WEB].plain_ports

    def mesh(self) -> Mesh:
        return Mesh(guards=self.joins.guarding.guards)


def peers(mode: PeerMode, **more: object) -> PeerAuthentication:
    return PeerAuthentication(name=name("peers"), origin=BUILT_IN, mode=mode, **more)  # type: ignore[arg-type]


def web(*ports: Port) -> tuple[Service, Workload]:
    served = replace(workload("web"), ports=(Port(name="http", number=8000), Port(name="admin", number=9000)))
    return replace(service("web"), ports=ports or (Port(name="http", number=80),)), served


def running(*ports: Port) -> World:
    world = World()
    one, served = web(*ports)
    world.put("run", services=(one, service("api")), workloads=(served, workload("api")))
    return world


def test_services_are_the_very_same_objects_while_everybody_takes_mutual_tls() -> None:
    world = running()
    assert world.plain.services[WEB] is world.joins.services[WEB]
    assert world.put("peers", objects=(peers(PeerMode.PERMISSIVE),)) == frozenset()
    assert world.plain.services[WEB] is world.joins.services[WEB]


def test_ports_of_workloads_without_mutual_tls_are_called_in_plain_text() -> None:
    world = running()
    selected = peers(PeerMode.DISABLE, selector=(("app", "web"),))
    assert world.put("peers", objects=(selected,)) == {WEB}
    assert world.ports == (80,)
    told = world.plain.services[WEB]
    assert world.put("other", services=(service("other"),)) == {name("other")}
    assert world.plain.services[WEB] is told
    assert world.put("peers") == {WEB}
    assert not world.plain.services[WEB].plain_ports


def test_single_ports_have_modes_of_their_own() -> None:
    world = running(Port(name="http", number=80), Port(name="more", number=81, target="admin"))
    selector = (("app", "web"),)
    world.put("peers", objects=(peers(PeerMode.STRICT, selector=selector, port_modes=((9000, PeerMode.DISABLE),)),))
    assert world.ports == (81,)
    world.put("peers", objects=(peers(PeerMode.DISABLE, selector=selector, port_modes=((9000, PeerMode.STRICT),)),))
    assert world.ports == (80,)


def test_ports_that_the_workload_does_not_have_and_services_that_end_are_nobodys() -> None:
    world = running(Port(name="metrics", number=70))
    world.put("peers", objects=(peers(PeerMode.DISABLE, selector=(("app", "web"),)),))
    assert world.ports == ()
    assert world.put("run") == {WEB, name("api")}
    assert WEB not in world.plain.services


def test_endpoints_tell_something_else_where_guards_with_plain_ports_came_or_went() -> None:
    world = running()
    before = world.mesh()
    assert told_of([WEB, name("nobody")], before, before) == set()
    world.put("peers", objects=(peers(PeerMode.DISABLE, selector=(("app", "web"),)),))
    assert told_of([WEB], before, world.mesh()) == {WEB}
    assert told_of([WEB], world.mesh(), before) == {WEB}
