from __future__ import annotations

from tests.envoy.decoded import as_json
from tests.envoy.kitchen import rule
from tulle.envoy.filters import fault
from tulle.model.policies import Fault
from tulle.model.routes import Respond


def asked(experiment: Fault | None) -> object:
    found = fault.ask(rule("r", Respond(status=200), fault=experiment))
    return found if found is None else as_json(found)


def test_delays_and_aborts_have_a_share() -> None:
    assert asked(None) is None
    assert asked(Fault(delay=0.5, delay_percent=1)) == {
        "disable_downstream_cluster_stats": True,
        "delay": {"fixed_delay": "0.500s", "percentage": {"numerator": 10000, "denominator": "MILLION"}},
    }
    assert asked(Fault(abort_status=503)) == {
        "disable_downstream_cluster_stats": True,
        "abort": {"http_status": 503, "percentage": {"numerator": 1000000, "denominator": "MILLION"}},
    }
    assert asked(Fault(abort_grpc_status=0, abort_percent=50)) == {
        "disable_downstream_cluster_stats": True,
        "abort": {"grpc_status": 0, "percentage": {"numerator": 500000, "denominator": "MILLION"}},
    }
