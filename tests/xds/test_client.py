from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tulle.xds.client import Backoff, Upstream, follow
from tulle.xds.messages import Node
from tulle.xds.replica import Delta, Replica
from tulle.xds.server import serving
from tulle.xds.snapshot import ENDPOINT, Resource, Snapshot, framed
from tulle.xds.subscription import Refused, Session

DEADLINE = 15.0
EAGER = Backoff(first=0.01, longest=0.05)


class Plane:
    """Publishes one snapshot to all."""

    def __init__(self, *resources: Resource) -> None:
        self.snapshot = Snapshot({ENDPOINT: {resource.name: resource for resource in resources}})
        self.sessions: list[Session] = []
        self.refuses = False

    def opened(self, session: Session) -> None:
        if self.refuses:
            raise Refused("come back later")
        self.sessions.append(session)
        session.publish(self.snapshot)

    def closed(self, session: Session) -> None:
        self.sessions.remove(session)

    def wanted(self, session: Session, type_url: str, names: frozenset[str]) -> None:
        pass

    def settled(self, session: Session) -> None:
        pass


class Follower:
    """Notes what happens; acknowledges everything at once."""

    def __init__(self, replica: Replica) -> None:
        self.replica = replica
        self.events: list[str] = []
        self.reasons: list[str] = []

    def connected(self) -> None:
        self.events.append("connected")

    def disconnected(self, reason: str) -> None:
        self.events.append("disconnected")
        self.reasons.append(reason)

    def received(self, delta: Delta) -> None:
        self.events.append(f"received {' '.join(delta.names)}")
        self.replica.ack(delta)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)


@asynccontextmanager
async def following(upstream: Upstream, *names: str) -> AsyncIterator[Follower]:
    replica = Replica(Node("proxy"))
    replica.subscribe(ENDPOINT, names)
    follower = Follower(replica)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(follow(replica, follower, upstream, EAGER))
        try:
            yield follower
        finally:
            task.cancel()


def load(name: str, variant: int = 1) -> Resource:
    return framed(ENDPOINT, name, b"%d" % variant)


async def test_a_replica_follows_what_is_published(tmp_path: Path) -> None:
    plane = Plane(load("a"))
    address = f"unix:{tmp_path}/x"
    async with serving(plane, address=address), following(Upstream(address=address), "a") as follower:
        await until(lambda: bool(plane.sessions) and plane.sessions[0].is_synced)
        plane.sessions[0].publish(Snapshot({ENDPOINT: {"a": load("a", 2), "b": load("b")}}))
        follower.replica.subscribe(ENDPOINT, ("a", "b"))

        await until(lambda: follower.replica.table(ENDPOINT).keys() == {"a", "b"} and plane.sessions[0].is_synced)

        assert follower.replica.table(ENDPOINT)["a"].body == b"2"
        assert follower.events[0] == "connected"


async def test_a_replica_comes_back_and_is_sent_only_what_changed(tmp_path: Path) -> None:
    address = f"unix:{tmp_path}/x"
    async with following(Upstream(address=address), "a", "b") as follower:
        async with serving(Plane(load("a"), load("b")), address=address):
            await until(lambda: "received a b" in follower.events)
        await until(lambda: follower.events[-1] == "disconnected")
        plane = Plane(load("a"), load("b", 2))

        async with serving(plane, address=address):
            await until(lambda: bool(plane.sessions) and plane.sessions[0].is_synced)

            assert follower.events[-2:] == ["connected", "received b"]
            assert plane.sessions[0].accepted[ENDPOINT] == {"a": load("a").version, "b": load("b", 2).version}


async def test_a_refusal_is_told_and_tried_again(tmp_path: Path) -> None:
    plane = Plane(load("a"))
    plane.refuses = True
    address = f"unix:{tmp_path}/x"
    async with serving(plane, address=address), following(Upstream(address=address), "a") as follower:
        await until(lambda: len(follower.reasons) >= 2)
        plane.refuses = False

        await until(lambda: "connected" in follower.events)

        assert set(follower.reasons) == {"PERMISSION_DENIED: come back later"}


async def test_a_server_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    address = f"unix:{tmp_path}/x"
    async with following(Upstream(address=address), "a") as follower:
        await until(lambda: len(follower.reasons) >= 2)
        async with serving(Plane(load("a")), address=address):
            await until(lambda: "connected" in follower.events)

        assert follower.reasons[0].startswith("UNAVAILABLE")


async def test_both_sides_prove_who_they_are() -> None:
    authority = Authority()
    plane = Plane(load("a"))
    server_credentials = grpc.ssl_server_credentials(
        [authority.issue(x509.DNSName("plane.test"))], authority.certificate, require_client_auth=True
    )
    key, chain = authority.issue(x509.UniformResourceIdentifier("spiffe://cluster.local/ns/default/sa/shop"))
    async with serving(plane, address="127.0.0.1:0", credentials=server_credentials) as address:
        upstream = Upstream(
            address=address,
            credentials=lambda: grpc.ssl_channel_credentials(authority.certificate, key, chain),
            server_name="plane.test",
        )
        async with following(upstream, "a"):
            await until(lambda: bool(plane.sessions) and plane.sessions[0].is_synced)

            assert plane.sessions[0].identity == "spiffe://cluster.local/ns/default/sa/shop"

        anonymous = Upstream(
            address=address,
            credentials=lambda: grpc.ssl_channel_credentials(authority.certificate),
            server_name="plane.test",
        )
        async with following(anonymous, "a") as follower:
            await until(lambda: bool(follower.reasons))
            assert follower.reasons[0].startswith("UNAVAILABLE")


class Authority:
    """Just enough of a certificate authority."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(self._key, None)

    @staticmethod
    def _named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])

    def _sign(self, key: ec.EllipticCurvePrivateKey, alternative: x509.GeneralName | None) -> bytes:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._named("authority" if alternative is None else "leaf"))
            .issuer_name(self._named("authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(minutes=5))
            .add_extension(x509.BasicConstraints(ca=alternative is None, path_length=None), critical=True)
        )
        if alternative is not None:
            names = [alternative, x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def issue(self, alternative: x509.GeneralName) -> tuple[bytes, bytes]:
        """Private key and certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return private, self._sign(key, alternative)


@pytest.mark.parametrize(("failures", "chance", "seconds"), [(1, 1, 0.1), (1, 0, 0.05), (3, 1, 0.4), (99, 1, 5.0)])
def test_the_wait_doubles_up_to_a_limit_with_jitter(failures: int, chance: float, seconds: float) -> None:
    assert Backoff().delay(failures, chance) == pytest.approx(seconds)


async def test_a_cancellation_in_the_moment_in_which_the_stream_fails_is_not_lost() -> None:
    class Failing:
        address = "nowhere"

        @asynccontextmanager
        async def channel(self) -> AsyncIterator[None]:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.sleep(0)
            status = grpc.StatusCode.UNAVAILABLE
            raise grpc.aio.AioRpcError(status, grpc.aio.Metadata(), grpc.aio.Metadata())
            yield

    class Nobody:
        def disconnected(self, reason: str) -> None:
            raise AssertionError("it is over")

    upstream: object = Failing()
    following = follow(Replica(Node("x")), Nobody(), upstream)  # type: ignore[arg-type]
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(following)
    assert task.cancelled()
