"""What processes say to each other survives the journey."""

from __future__ import annotations

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from tulle.kit.codec import Undecodable, decode, encode, from_plain, to_plain
from tulle.model.names import Name
from tulle.model.services import Port, Protocol
from tulle.model.workloads import Assignment, Binding, Forward, GatewayAssignment, Instance, InstanceState, Probe

text = st.text(max_size=8)
names = st.builds(Name, text, text)
pairs = st.lists(st.tuples(text, text), max_size=2).map(tuple)
numbers = st.integers(0, 65535)
seconds = st.floats(0, 1e6)
ports = st.builds(Port, name=text, number=numbers, protocol=st.sampled_from(Protocol))
forwards = st.builds(Forward, service=names, port=numbers, protocol=st.sampled_from(Protocol), address=text)
bindings = st.builds(
    Binding, name=text, protocol=st.sampled_from(Protocol), address=text, port=numbers, application=text
)
probes = st.builds(Probe, path=text, command=text, port=text, interval=seconds, timeout=seconds, deadline=seconds)
instances = st.builds(
    Instance,
    id=text,
    workload=names,
    service=names,
    host=text,
    account=text,
    state=st.sampled_from(InstanceState),
    version=text,
    labels=pairs,
    bindings=st.lists(bindings, max_size=2).map(tuple),
    outbound=text,
    forwards=st.lists(forwards, max_size=2).map(tuple),
    message=text,
    restarts=numbers,
)
assignments = st.builds(
    Assignment,
    name=names,
    service=names,
    version=text,
    account=text,
    labels=pairs,
    command=st.one_of(text, st.lists(text, max_size=3).map(tuple)),
    directory=text,
    environment=pairs,
    ports=st.lists(ports, max_size=2).map(tuple),
    replicas=numbers,
    probe=probes,
    drain=seconds,
    unix_socket=st.booleans(),
    forwards=st.lists(forwards, max_size=2).map(tuple),
    trust_domain=text,
    concurrency=numbers,
)
gateways = st.builds(GatewayAssignment, name=names, trust_domain=text, concurrency=numbers)


@given(st.one_of(instances, assignments, gateways))
def test_every_message_round_trips(value: Instance | Assignment | GatewayAssignment) -> None:
    assert decode(type(value), encode(value)) == value
    assert from_plain(type(value), to_plain(value)) == value
    assert hash(decode(type(value), encode(value))) == hash(value)


@given(instances)
def test_an_instance_survives_a_protobuf_struct(instance: Instance) -> None:
    struct = ParseDict(to_plain(instance), Struct())
    assert from_plain(Instance, MessageToDict(struct)) == instance


def test_unknown_fields_are_skipped_and_missing_ones_get_their_defaults() -> None:
    data = b'{"name": {"namespace": "n", "name": "g"}, "trust_domain": "t", "concurrency": 1, "future": [1]}'
    assert decode(GatewayAssignment, data) == GatewayAssignment(name=Name("n", "g"), trust_domain="t", concurrency=1)


@pytest.mark.parametrize("data", [b"", b"[]", b'{"name": 1}', b"\xff", b'{"namespace": "n", "name": 3}'])
def test_rubbish_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(Undecodable, match="not a valid Name"):
        decode(Name, data)


def test_plain_rubbish_is_refused_with_the_place() -> None:
    with pytest.raises(Undecodable, match="not a valid Name: name: "):
        from_plain(Name, {"namespace": "n", "name": ["x"]})
