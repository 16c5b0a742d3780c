from __future__ import annotations

from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from hypothesis import given
from hypothesis import strategies as st

from tests.envoy.connections import Connection, chosen
from tests.envoy.decoded import Json, as_json
from tulle.envoy.chains import Entry, Speech
from tulle.envoy.ordered_chains import fill
from tulle.model.conditions import Comparison, Condition, Subject

TLS, HTTP, BYTES = Speech.TLS, Speech.HTTP, Speech.BYTES
NOT_A = Condition(Subject.SERVER_NAME, Comparison.EXACT, "a", is_negated=True)
HERE = Condition(Subject.SOURCE, Comparison.SUBNET, "127.0.0.0/8")


def entry(does: str, *names: str, speech: Speech = TLS, **more: tuple[str, ...] | tuple[Condition, ...]) -> Entry:
    filters = [listener_components_pb2.Filter(name=does)]
    return Entry(names, filters, speech=speech, **more)  # type: ignore[arg-type]


def filled(*entries: Entry) -> Json:
    listener = listener_pb2.Listener()
    fill(listener, entries)
    return as_json(listener)


def does(listener: Json, connection: Connection) -> str | None:
    name = chosen(listener["filter_chain_matcher"], connection)
    return next((each["filters"][0]["name"] for each in listener["filter_chains"] if each["name"] == name), None)


def told(listener: Json, *names: str) -> list[str | None]:
    return [does(listener, Connection(name=name)) for name in names]


def test_the_first_that_fits_has_a_connection() -> None:
    listener = filled(
        entry("one", "a", "b"),
        entry("two", "b", "c"),
        entry("wild", "*.a"),
        entry("not", conditions=(NOT_A,), clients=("10.0.0.0/8",)),
        entry("rest", "*"),
        entry("never"),
    )
    assert told(listener, "a", "b", "c", "x.a", "x.x.a", "") == ["one", "one", "two", "wild", "rest", "rest"]
    assert does(listener, Connection(name="d", source="10.0.0.1")) == "not"
    assert [each["name"] for each in listener["listener_filters"]] == ["tls_inspector"]


def test_names_behind_conditions() -> None:
    listener = filled(entry("first", "a", protocols=("x",)), entry("one", "a"), entry("two", "b"))
    assert told(listener, "a", "b", "c") == ["one", "two", None]
    assert does(listener, Connection(name="a", protocols=("x",))) == "first"


def test_one_name_may_have_several_chains() -> None:
    listener = filled(
        entry("unknown", "a", unknown_to=("h2",)),
        entry("strange", "a", unlike=("a", "*.b")),
        entry("near", "a", peers=("10.0.0.0/8",)),
        entry("called", "a", subnets=("10.0.0.0/8",)),
        entry("rest", "a"),
    )
    assert told(listener, "a") == ["rest"]
    assert does(listener, Connection(name="a", protocols=("x",))) == "unknown"
    assert does(listener, Connection(name="a", peer="10.0.0.1")) == "near"
    assert does(listener, Connection(name="a", called="10.0.0.1")) == "called"


def test_without_tls() -> None:
    plain = Connection(has_tls=False)
    listener = filled(
        entry("near", speech=BYTES, conditions=(HERE,), outside=("127.0.0.1/32", "10.0.0.0/8")),
        entry("here", speech=BYTES, conditions=(HERE,)),
        entry("http", speech=HTTP),
        entry("tls"),
    )
    assert does(listener, plain) == "here"
    assert does(listener, Connection(has_tls=False, source="127.0.0.2")) == "near"
    assert does(listener, Connection(has_tls=False, source="10.0.0.1")) == "http"
    assert told(listener, "a") == ["tls"]
    assert listener["continue_on_listener_filters_timeout"] is True
    assert "listener_filters_timeout" not in filled(entry("http", speech=HTTP), entry("tls"))
    assert does(filled(entry("tls")), plain) is None


def test_nobody_is_looked_at_without_need() -> None:
    listener = filled(entry("all", speech=BYTES))
    assert "listener_filters" not in listener
    assert "filter_chain_matcher" not in listener
    some = filled(entry("some", speech=BYTES, conditions=(HERE,)))
    assert does(some, Connection(has_tls=False)) == "some"
    assert does(some, Connection(has_tls=False, source="10.0.0.1")) is None
    assert "listener_filters" not in some


def test_chains_that_do_the_same_are_one() -> None:
    same = filled(entry("same", "a"), entry("other", "b"), entry("same", "*"))
    assert len(same["filter_chains"]) == 2
    encrypted = Entry(("*",), entry("same").filters, base_pb2.TransportSocket(name="tls"), TLS)
    assert len(filled(entry("same", "a"), encrypted)["filter_chains"]) == 2


NAMES = st.sampled_from(["a", "b", "x.a", "*.a", "*"])
ENTRIES = st.builds(
    entry,
    st.sampled_from("123456"),
    NAMES,
    protocols=st.sampled_from([(), (), ("h2",)]),
    conditions=st.sampled_from([(), (), (NOT_A,), (HERE,)]),
)
CONNECTIONS = st.builds(
    Connection,
    name=st.sampled_from(["", "a", "b", "x.a", "y.a", "z.y.a"]),
    protocols=st.sampled_from([(), ("h2",)]),
    source=st.sampled_from(["127.0.0.1", "10.0.0.1"]),
)


@given(st.lists(ENTRIES, min_size=1, max_size=6), CONNECTIONS)
def test_as_if_each_was_asked_in_turn(entries: list[Entry], connection: Connection) -> None:
    first = next((each.filters[0].name for each in entries if _fits(each, connection)), None)
    assert does(filled(*entries), connection) == first


def _fits(one: Entry, connection: Connection) -> bool:
    (name,) = one.server_names
    is_named = name in {"*", connection.name} or (name == "*.a" and connection.name in {"x.a", "y.a"})
    is_offered = not one.protocols or bool(connection.protocols)
    is_not = NOT_A not in one.conditions or connection.name != "a"
    is_here = HERE not in one.conditions or connection.source == "127.0.0.1"
    return is_named and is_offered and is_not and is_here
