from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from tulle.xds.messages import METHOD, Node, Request, frame_request, parse_response
from tulle.xds.server import AddressInUse, identity_of, serve, serving
from tulle.xds.snapshot import ENDPOINT, Resource, Snapshot, framed
from tulle.xds.subscription import Refused, Session

DEADLINE = 10.0


class Sessions:
    """A provider that publishes one snapshot to all."""

    def __init__(self, *resources: Resource) -> None:
        self.snapshot = of(*resources)
        self.open: list[Session] = []
        self.closed_count = 0

    def opened(self, session: Session) -> None:
        if session.node_id == "unwanted":
            raise Refused("this host has no such proxy")
        if session.node_id == "poisonous":
            raise ZeroDivisionError
        self.open.append(session)
        session.publish(self.snapshot)

    def closed(self, session: Session) -> None:
        self.open.remove(session)
        self.closed_count += 1

    def wanted(self, session: Session, type_url: str, names: frozenset[str]) -> None:
        pass

    def settled(self, session: Session) -> None:
        pass


def of(*resources: Resource) -> Snapshot:
    tables: dict[str, dict[str, Resource]] = {}
    for resource in resources:
        tables.setdefault(resource.type_url, {})[resource.name] = resource
    return Snapshot(tables)


def load(variant: int) -> Resource:
    return framed(ENDPOINT, "a", b"%d" % variant * 1_000)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)


def first(name: str, *, have: dict[str, str] | None = None) -> bytes:
    return frame_request(Request(ENDPOINT, Node(name), ("a",), initial_versions=have or {}))


async def ended(call: Any) -> tuple[grpc.StatusCode, str]:
    async with asyncio.timeout(DEADLINE):
        return await call.code(), await call.details()


async def test_a_stream_is_served_and_closed(tmp_path: Path) -> None:
    provider = Sessions(load(1))
    async with (
        serving(provider, address=f"unix:{tmp_path}/x") as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        call = channel.stream_stream(METHOD)()
        await call.write(first("proxy"))
        response = parse_response(await call.read())
        await call.write(frame_request(Request(ENDPOINT, nonce=response.nonce)))
        await until(lambda: provider.open[0].is_synced)
        assert response.resources[0].name == "a"
        assert provider.open[0].identity is None

        await call.done_writing()

        assert (await ended(call))[0] is grpc.StatusCode.OK
        await until(lambda: provider.closed_count == 1)


async def test_a_client_that_vanishes_is_closed(tmp_path: Path) -> None:
    provider = Sessions(load(1))
    async with serving(provider, address=f"unix:{tmp_path}/x") as address:
        async with grpc.aio.insecure_channel(address) as channel:
            call = channel.stream_stream(METHOD)()
            await call.write(first("proxy"))
            await until(lambda: len(provider.open) == 1)
        await until(lambda: provider.closed_count == 1)


@pytest.mark.parametrize(
    ("request_bytes", "code", "details"),
    [
        (first("unwanted"), grpc.StatusCode.PERMISSION_DENIED, "this host has no such proxy"),
        (b"\xff rubbish", grpc.StatusCode.INVALID_ARGUMENT, ""),
        (first("poisonous"), grpc.StatusCode.INTERNAL, "the control plane failed to answer; see its log"),
    ],
)
async def test_a_stream_that_goes_wrong_ends_and_the_others_go_on(
    tmp_path: Path, request_bytes: bytes, code: grpc.StatusCode, details: str
) -> None:
    provider = Sessions(load(1))
    async with (
        serving(provider, address=f"unix:{tmp_path}/x") as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        good, bad = channel.stream_stream(METHOD)(), channel.stream_stream(METHOD)()
        await good.write(first("proxy"))
        await good.read()

        await bad.write(request_bytes)

        ending = await ended(bad)
        assert ending[0] is code
        assert details in ending[1]
        provider.open[0].publish(of(load(2)))
        await good.write(frame_request(Request(ENDPOINT, nonce="1")))
        assert parse_response(await good.read()).resources[0].version == load(2).version
        assert provider.closed_count == 0


async def test_another_method_is_unknown(tmp_path: Path) -> None:
    async with (
        serving(Sessions(), address=f"unix:{tmp_path}/x") as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        call = channel.unary_unary("/some.Service/Method")(b"")

        assert (await ended(call))[0] is grpc.StatusCode.UNIMPLEMENTED


async def test_what_a_client_that_came_back_does_not_ask_for_any_more_is_removed(tmp_path: Path) -> None:
    async with (
        serving(Sessions(), address=f"unix:{tmp_path}/x") as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        call = channel.stream_stream(METHOD)()

        await call.write(first("proxy", have={"a": "old"}))

        async with asyncio.timeout(DEADLINE):
            assert parse_response(await call.read()).removed == ("a",)


async def test_a_client_that_never_reads_costs_no_memory(tmp_path: Path) -> None:
    provider = Sessions(load(0))
    async with (
        serving(provider, address=f"unix:{tmp_path}/x") as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        call = channel.stream_stream(METHOD)()
        await call.write(first("proxy"))
        await until(lambda: len(provider.open) == 1)
        session = provider.open[0]
        tracemalloc.start()
        try:
            for variant in range(10_000):
                session.publish(of(load(variant), framed(ENDPOINT, f"passing {variant}", b"")))
                if variant % 100 == 0:
                    await asyncio.sleep(0)
            used, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert used < 1_000_000
        assert session.accepted[ENDPOINT] == {}


async def test_a_port_is_chosen_and_told(tmp_path: Path) -> None:
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as tasks:
        server = tasks.create_task(serve(Sessions(), address="127.0.0.1:0", ready=told.set_result))
        address = await told
        async with grpc.aio.insecure_channel(address) as channel:
            await channel.channel_ready()
        server.cancel()

    assert address.startswith("127.0.0.1:")
    assert int(address.rpartition(":")[2]) > 0


async def test_an_address_in_use_is_an_error_that_says_so() -> None:
    async with serving(Sessions(), address="127.0.0.1:0") as address:
        with pytest.raises(AddressInUse, match=address):
            await serve(Sessions(), address=address)


async def test_a_server_stops_in_bounded_time_whatever_its_clients_do(tmp_path: Path) -> None:
    provider = Sessions(load(1))
    loop = asyncio.get_running_loop()
    async with grpc.aio.insecure_channel(f"unix:{tmp_path}/x") as channel:
        async with serving(provider, address=f"unix:{tmp_path}/x"):
            call = channel.stream_stream(METHOD)()
            await call.write(first("proxy"))
            await until(lambda: len(provider.open) == 1)
            began = loop.time()
        assert loop.time() - began < 3
        await until(lambda: provider.closed_count == 1)


def test_the_identity_is_the_spiffe_uri_of_the_certificate() -> None:
    assert identity_of({}) is None
    assert identity_of({"x509_uri": [b"https://other", b"spiffe://td/ns/a/sa/b"]}) == "spiffe://td/ns/a/sa/b"
    assert identity_of({"peer_spiffe_id": [b"spiffe://td/ns/a/sa/b"]}) == "spiffe://td/ns/a/sa/b"
    assert identity_of({"x509_uri": [b"https://other"]}) is None
