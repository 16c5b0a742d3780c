"""Messages between agents and the control plane survive the journey."""

from __future__ import annotations

import pytest

from tulle.api.hosts_messages import HostReport, JoinRequest, Received, Signed, SignRequest
from tulle.kit.codec import decode, encode
from tulle.model.names import Name
from tulle.model.workloads import Instance, InstanceState

INSTANCE = Instance(
    id="web-1", workload=Name("n", "web"), service=Name("n", "web"), host="h", account="web", state=InstanceState.READY
)


@pytest.mark.parametrize(
    "message",
    [
        JoinRequest(token="t", csr="c", host="h"),
        SignRequest(csr="c", namespace="n", account="a"),
        Signed(chain="c", bundle="b", identity="i", trust_domain="t"),
        HostReport(host="h", role="host", instances=(INSTANCE,), message="m"),
        Received(count=3),
    ],
)
def test_every_message_round_trips(message: object) -> None:
    assert decode(type(message), encode(message)) == message
