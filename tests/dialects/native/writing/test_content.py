from __future__ import annotations

from tulle.dialects.native.writing.content import Content, Entrance, Offer, Placed
from tulle.dialects.native.writing.document import Frame, text
from tulle.model.documents import BUILT_IN
from tulle.model.listeners import Listener
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.services import Service


def test_there_may_be_nothing_to_say() -> None:
    content = Content()
    assert content.settings.trust_domain == "cluster.local"
    assert text(content, Frame()) == "{}\n"


def test_a_service_is_declared_unless_it_is_only_spoken_of() -> None:
    service = Service(name=Name("default", "web"), origin=BUILT_IN, ports=(), account="")
    assert Offer(service=service).is_declared
    assert text(Content(offers=(Offer(service=service),)), Frame()) == "services:\n  web: {addresses: []}\n"


def test_rules_are_for_the_gateway_and_in_order_unless_it_is_said() -> None:
    placed = Placed(namespace="shop", hosts=("*",))
    assert not placed.is_mesh and not placed.is_free and placed.listeners == ()
    listener = Listener(name=Name(SYSTEM_NAMESPACE, "a"), origin=BUILT_IN, port=1)
    assert Entrance(listener=listener).streams == ()
