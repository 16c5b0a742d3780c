"""The service against real clients over real TLS."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import grpc
import grpc.aio
import pytest

from tulle.api.hosts import peer_identity
from tulle.api.hosts_client import SERVER_NAME, Credentials, HostsClient, Refused, Unreachable, join
from tulle.api.hosts_messages import JOIN, REPORT, SIGN, HostReport, SignRequest
from tulle.identity.keys import new_key, read_leaf, request
from tulle.kit.codec import encode
from tulle.kit.latest import Latest
from tulle.model.security import Identity


async def member(plane: Any, host: str = "alpha") -> Credentials:
    credentials, _ = await join(plane.enrolment, str(plane.tokens.create()), host)
    return credentials


async def feed(latest: Latest[HostReport | None]) -> Any:
    while (report := await latest.next()) is not None:
        yield report


async def test_a_joined_host_gets_exactly_the_identities_that_it_runs(plane: Any) -> None:
    plane.registry.allowed = {("alpha", "shop", "web"), ("alpha", "tulle-system", "gateway")}
    async with (await member(plane)).channel(plane.membership) as channel:
        client = HostsClient(channel)
        for namespace, account in (("shop", "web"), ("tulle-system", "gateway"), ("tulle-system", "agent-alpha")):
            credentials = await client.sign(namespace, account)
            identity = plane.authority.bundle.verify(credentials.chain, datetime.now(UTC))
            assert str(identity) == f"spiffe://mesh.test/ns/{namespace}/sa/{account}"
        with pytest.raises(Refused, match="host alpha runs nothing as orders in namespace shop"):
            await client.sign("shop", "orders")


async def test_workload_certificates_live_as_long_as_the_settings_say_and_agents_longer(plane: Any) -> None:
    plane.registry.allowed = {("alpha", "shop", "web")}
    async with (await member(plane)).channel(plane.membership) as channel:
        client = HostsClient(channel)
        workload = read_leaf((await client.sign("shop", "web")).chain)
        agent = read_leaf((await client.sign("tulle-system", "agent-alpha")).chain)
    assert 55 <= (workload.not_after - datetime.now(UTC)).total_seconds() <= 60
    assert (agent.not_after - datetime.now(UTC)).days >= 6


@pytest.mark.parametrize("account", ["plane", "agent-beta", "anything"])
async def test_reserved_identities_are_never_signed_for_a_workload(plane: Any, account: str) -> None:
    plane.registry.allowed = {("alpha", "tulle-system", account)}
    async with (await member(plane)).channel(plane.membership) as channel:
        with pytest.raises(Refused, match="runs nothing as"):
            await HostsClient(channel).sign("tulle-system", account)


async def test_a_damaged_request_is_refused_with_a_sentence(plane: Any) -> None:
    async with (await member(plane)).channel(plane.membership) as channel:
        for message, sentence in (
            (b"{", "not a valid SignRequest"),
            (
                encode(SignRequest(csr="x", namespace="tulle-system", account="agent-alpha")),
                "not a certificate signing",
            ),
        ):
            with pytest.raises(grpc.aio.AioRpcError, match=sentence) as caught:
                await channel.unary_unary(SIGN)(message)
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_identity_that_spiffe_forbids_is_refused(plane: Any) -> None:
    plane.registry.allowed = {("alpha", "shop", "a/b")}
    async with (await member(plane)).channel(plane.membership) as channel:
        with pytest.raises(Refused, match="cannot be a service account"):
            await HostsClient(channel).sign("shop", "a/b")


async def test_a_host_needs_a_name(plane: Any) -> None:
    with pytest.raises(Refused, match="a host needs a name"):
        await member(plane, "")


async def test_a_workload_cannot_ask_for_certificates(plane: Any) -> None:
    plane.registry.allowed = {("alpha", "shop", "web")}
    async with (await member(plane)).channel(plane.membership) as channel:
        workload = await HostsClient(channel).sign("shop", "web")
    async with workload.channel(plane.membership) as channel:
        with pytest.raises(Refused, match="only an agent with its own certificate"):
            await HostsClient(channel).sign("shop", "web")


async def test_a_peer_without_certificate_reaches_join_only(plane: Any) -> None:
    bundle = plane.authority.bundle.pem
    message = encode(SignRequest(csr=request(new_key()).decode(), namespace="n", account="a"))
    anonymous = grpc.ssl_channel_credentials(bundle)
    async with grpc.aio.secure_channel(plane.enrolment, anonymous, options=SERVER_NAME) as channel:
        for method in (SIGN, REPORT):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.unary_unary(method)(message, timeout=5)
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    async with grpc.aio.secure_channel(plane.membership, anonymous, options=SERVER_NAME) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary(JOIN)(b"{}", timeout=5)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_certificate_of_another_mesh_does_not_get_in(plane: Any, tmp_path: Any) -> None:
    from tulle.identity import spiffe
    from tulle.identity.authority import Authority
    from tulle.identity.keys import key_pem

    other = Authority.open(tmp_path / "other", trust_domain="mesh.test")
    key = new_key()
    chain = other.sign(request(key), spiffe.agent("mesh.test", "alpha"), 60)
    forged = Credentials(chain, key_pem(key), plane.authority.bundle.pem)
    async with forged.channel(plane.membership) as channel:
        with pytest.raises(Unreachable):
            await HostsClient(channel).sign("tulle-system", "agent-alpha", deadline=5)


async def test_reports_reach_the_registry_and_a_lost_stream_is_noticed(plane: Any) -> None:
    events = plane.registry.events
    async with (await member(plane)).channel(plane.membership) as channel:
        latest: Latest[HostReport | None] = Latest()
        latest.set(HostReport(host="alpha", role="host", message="one"))
        receipts = HostsClient(channel).report(feed(latest))
        assert (await anext(receipts)).count == 1
        latest.set(HostReport(host="alpha", role="host", message="two"))
        assert (await anext(receipts)).count == 2
        assert events == [("connected", "alpha", "host"), ("reported", "alpha", "one"), ("reported", "alpha", "two")]
        await receipts.aclose()
    await asyncio.wait_for(plane.registry.lost.wait(), 10)
    assert events[-1] == ("disconnected", "alpha", None)


async def test_a_stream_that_ends_in_order_is_noticed_too(plane: Any) -> None:
    async with (await member(plane)).channel(plane.membership) as channel:

        async def one() -> Any:
            yield HostReport(host="alpha", role="gateway")

        assert [receipt.count async for receipt in HostsClient(channel).report(one())] == [1]
    await asyncio.wait_for(plane.registry.lost.wait(), 10)
    assert plane.registry.events[-1] == ("disconnected", "alpha", None)


async def test_the_newest_stream_of_a_host_replaces_an_older_one(plane: Any) -> None:
    events = plane.registry.events
    credentials = await member(plane)
    async with credentials.channel(plane.membership) as first, credentials.channel(plane.membership) as second:
        old: Latest[HostReport | None] = Latest()
        old.set(HostReport(host="alpha", role="host", message="old"))
        old_receipts = HostsClient(first).report(feed(old))
        await anext(old_receipts)
        new: Latest[HostReport | None] = Latest()
        new.set(HostReport(host="alpha", role="host", message="new"))
        new_receipts = HostsClient(second).report(feed(new))
        await anext(new_receipts)
        old.set(HostReport(host="alpha", role="host", message="late"))
        await anext(old_receipts)
        await old_receipts.aclose()
        new.set(HostReport(host="alpha", role="host", message="newer"))
        await anext(new_receipts)
        assert [event[2] for event in events] == ["host", "old", "host", "new", "newer"]
        await new_receipts.aclose()
    await asyncio.wait_for(plane.registry.lost.wait(), 10)
    assert events[-1] == ("disconnected", "alpha", None)


async def test_a_host_cannot_report_for_another(plane: Any) -> None:
    async with (await member(plane)).channel(plane.membership) as channel:

        async def forged() -> Any:
            yield HostReport(host="beta", role="host")

        with pytest.raises(Refused, match="host alpha cannot report for host beta"):
            async for _ in HostsClient(channel).report(forged()):
                pass
    assert plane.registry.events == []


@pytest.mark.parametrize(
    ("names", "identity"),
    [
        ((b"spiffe://mesh.test/ns/n/sa/a",), Identity("mesh.test", "n", "a")),
        ((b"spiffe://mesh.test/elsewhere",), None),
        ((), None),
    ],
)
def test_only_names_of_our_form_are_identities(names: tuple[bytes, ...], identity: Identity | None) -> None:
    class Context:
        def auth_context(self) -> dict[str, tuple[bytes, ...]]:
            return {"peer_spiffe_id": names} if names else {}

    assert peer_identity(Context()) == identity
