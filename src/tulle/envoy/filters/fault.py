"""Experiments: delays and aborts for a share of the requests of a route."""

from __future__ import annotations

from envoy.extensions.filters.common.fault.v3 import fault_pb2 as common_pb2
from envoy.extensions.filters.http.fault.v3 import fault_pb2

from tulle.envoy import protos
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, dormant
from tulle.model.policies import Fault
from tulle.model.routes import RouteRule

NAME = "fault"


def place(chain: Chain) -> HttpFilter | None:
    """Dormant where route rules decide."""
    return dormant(NAME, fault_pb2.HTTPFault()) if chain.side.has_rules else None


def ask(rule: RouteRule) -> fault_pb2.HTTPFault | None:
    """The experiment of one route rule."""
    fault = rule.fault
    if fault is None:
        return None
    message = fault_pb2.HTTPFault(disable_downstream_cluster_stats=True)
    if fault.delay:
        message.delay.CopyFrom(
            common_pb2.FaultDelay(
                fixed_delay=protos.seconds(fault.delay), percentage=protos.fraction(fault.delay_percent)
            )
        )
    if fault.abort_status or fault.abort_grpc_status is not None:
        message.abort.CopyFrom(_abort(fault))
    return message


def _abort(fault: Fault) -> fault_pb2.FaultAbort:
    percentage = protos.fraction(fault.abort_percent)
    if fault.abort_grpc_status is not None:
        return fault_pb2.FaultAbort(grpc_status=fault.abort_grpc_status, percentage=percentage)
    return fault_pb2.FaultAbort(http_status=fault.abort_status or 0, percentage=percentage)


FILTER = Filter(name=NAME, phase=Phase.EXPERIMENT, place=place, ask=ask)
