from __future__ import annotations

from tests.dialects.traefik.reading import only, wrong
from tulle.model.names import Name
from tulle.model.steps import AllowAddresses, LimitConnections


def test_both_kinds() -> None:
    found = only("tcp: {middlewares: {m: {ipAllowList: {sourceRange: [10.0.0.1]}}}}")
    assert (found.name, found.steps) == (Name("@file", "tcp/m"), (AllowAddresses(ranges=("10.0.0.1/32",)),))
    assert only("tcp: {middlewares: {m: {ipWhiteList: {sourceRange: ['::/0']}}}}").steps == (
        AllowAddresses(ranges=("::/0",)),
    )
    assert only("tcp: {middlewares: {m: {inFlightConn: {amount: 2}}}}").steps == (LimitConnections(amount=2),)


def test_mistakes() -> None:
    assert wrong("""
tcp:
  middlewares:
    a: {}
    b: {ipAllowList: {sourceRange: [x]}}
    c: {x: 1}
    d: {ipWhiteList: {sourceRange: [x]}}
""") == [
        "4: TCP middleware a must be exactly one of inFlightConn, ipAllowList, not none of them",
        '5: TCP middleware b: "ipAllowList.sourceRange[0]" is no IP address and no CIDR such as 10.0.0.0/8: "x"',
        '6: TCP middleware c: unknown field "x"',
        '7: TCP middleware d: "ipWhiteList.sourceRange[0]" is no IP address and no CIDR such as 10.0.0.0/8: "x"',
    ]
