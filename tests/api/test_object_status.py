from __future__ import annotations

from tulle.api.object_status import rendered
from tulle.model.statuses import Condition, ParentStatus, SectionStatus, Status

GOOD = Condition(type="Accepted", status=True, reason="Accepted", message="fine")
BAD = Condition(type="Accepted", status=False, reason="Invalid")
PLAIN = {"type": "Accepted", "status": "True", "reason": "Accepted", "message": "fine", "observedGeneration": 1}


def test_routes() -> None:
    parent = ParentStatus(reference=(("name", "gw"), ("port", "80")), conditions=(GOOD,))
    assert rendered("HTTPRoute", Status(parents=(parent,))) == {
        "parents": [{"parentRef": {"name": "gw", "port": 80}, "controllerName": "tulle/gateway", "conditions": [PLAIN]}]
    }
    assert rendered("UDPRoute", Status()) == {"parents": []}


def test_policies() -> None:
    parent = ParentStatus(reference=(("name", "gw"),), conditions=(BAD,))
    found = rendered(
        "BackendTLSPolicy",
        Status(parents=(parent,)),
        generation=3,
        since={(parent.reference, "Accepted"): "2024-01-01T00:00:00Z"},
    )
    assert found["ancestors"][0]["ancestorRef"] == {"name": "gw"}
    assert found["ancestors"][0]["conditions"] == [
        {
            "type": "Accepted",
            "status": "False",
            "reason": "Invalid",
            "message": "",
            "observedGeneration": 3,
            "lastTransitionTime": "2024-01-01T00:00:00Z",
        }
    ]


def test_gateways_and_classes() -> None:
    section = SectionStatus(name="http", attached_routes=2, kinds=("HTTPRoute",), conditions=(GOOD,))
    status = Status(conditions=(GOOD,), sections=(section,), addresses=(("IPAddress", "127.0.0.1"),), attached_sets=0)
    assert rendered("Gateway", status) == {
        "conditions": [PLAIN],
        "addresses": [{"type": "IPAddress", "value": "127.0.0.1"}],
        "attachedListenerSets": 0,
        "listeners": [
            {
                "name": "http",
                "attachedRoutes": 2,
                "supportedKinds": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}],
                "conditions": [PLAIN],
            }
        ],
    }
    found = rendered("GatewayClass", Status(conditions=(GOOD,), features=("Gateway",)))
    assert found == {"conditions": [PLAIN], "supportedFeatures": [{"name": "Gateway"}]}
