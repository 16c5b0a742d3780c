from __future__ import annotations

from envoy.config.cluster.v3 import cluster_pb2
from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf import any_pb2, duration_pb2, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from tulle.xds.messages import (
    Node,
    Request,
    acknowledgement,
    endpoints_name,
    frame_request,
    frame_response,
    parse_request,
    parse_response,
)
from tulle.xds.snapshot import CLUSTER, ENDPOINT, encode, framed

names = st.text(min_size=1, max_size=200)


@given(
    st.builds(
        Request,
        names,
        st.none() | st.builds(Node, names, names, st.dictionaries(names, names | st.booleans() | st.none())),
        st.lists(names).map(tuple),
        st.lists(names).map(tuple),
        st.dictionaries(names, names),
        names,
        st.just("refused"),
        st.dictionaries(names, names),
    )
)
def test_a_request_is_read_as_it_was_framed(request: Request) -> None:
    assert parse_request(frame_request(request)) == request


def test_an_acknowledgement_carries_no_error() -> None:
    request = Request(CLUSTER, nonce="1")

    assert parse_request(frame_request(request)) == request


@given(names, names)
def test_a_plain_acknowledgement_is_a_request_with_only_a_nonce(type_url: str, nonce: str) -> None:
    assert acknowledgement(type_url, nonce) == frame_request(Request(type_url, nonce=nonce))


def test_other_details_of_an_error_are_ignored() -> None:
    message = discovery_pb2.DeltaDiscoveryRequest(type_url=CLUSTER)
    message.error_detail.details.add().Pack(duration_pb2.Duration(seconds=1))
    message.error_detail.details.add(type_url="type.googleapis.com/google.protobuf.Struct")
    reasons = struct_pb2.Struct()
    reasons.update({"a": "too large"})
    message.error_detail.details.add().Pack(reasons)

    assert parse_request(message.SerializeToString()).refusals == {"a": "too large"}


@given(names, names, st.dictionaries(names, st.binary(max_size=20_000), max_size=5), st.lists(names, max_size=5))
def test_a_response_is_what_protobuf_would_make_of_it(
    type_url: str, nonce: str, bodies: dict[str, bytes], removed: list[str]
) -> None:
    resources = [framed(type_url, name, body, aliases=(f"{name}/x",)) for name, body in bodies.items()]

    message = discovery_pb2.DeltaDiscoveryResponse.FromString(frame_response(type_url, nonce, resources, removed))

    expected = discovery_pb2.DeltaDiscoveryResponse(type_url=type_url, nonce=nonce, removed_resources=removed)
    for resource in resources:
        expected.resources.add(
            name=resource.name,
            version=resource.version,
            aliases=resource.aliases,
            resource=any_pb2.Any(type_url=type_url, value=resource.body),
        )
    assert message == expected


def test_a_received_resource_is_worth_the_same_as_the_one_that_was_sent() -> None:
    sent = framed(ENDPOINT, "a", b"body", aliases=("x", "y"))

    response = parse_response(frame_response(ENDPOINT, "7", [sent], ["b"]))

    [received] = response.resources
    assert (response.type_url, response.nonce, response.removed) == (ENDPOINT, "7", ("b",))
    assert (received.name, received.version, received.body, received.aliases) == (
        "a",
        sent.version,
        b"body",
        ("x", "y"),
    )
    assert frame_response(ENDPOINT, "8", [received]) == frame_response(ENDPOINT, "8", [sent])


def test_a_received_cluster_knows_its_endpoints() -> None:
    eds = cluster_pb2.Cluster(name="a", type=cluster_pb2.Cluster.EDS)
    named = cluster_pb2.Cluster(
        name="a",
        type=cluster_pb2.Cluster.EDS,
        eds_cluster_config=cluster_pb2.Cluster.EdsClusterConfig(service_name="b"),
    )

    [received] = parse_response(frame_response(CLUSTER, "1", [encode("a", eds)])).resources

    assert received.endpoints_name == "a"
    assert endpoints_name(named.SerializeToString()) == "b"
    assert endpoints_name(cluster_pb2.Cluster(name="a").SerializeToString()) == ""
