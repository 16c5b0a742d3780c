from __future__ import annotations

from tests.dialects.traefik.reading import broken, middleware
from tulle.model.steps import ClientAddress, SameClient


def test_which_address_counts() -> None:
    (step,) = middleware("ipAllowList: {sourceRange: [10.0.0.1, ' 10.0.0.0/8'], ipStrategy: {depth: 2}}")
    assert step.ranges == ("10.0.0.1/32", "10.0.0.0/8")
    assert step.address == ClientAddress(depth=2)
    (step,) = middleware(
        "ipWhiteList: {sourceRange: ['::1'], rejectStatusCode: 404, "
        "ipStrategy: {excludedIPs: 10.0.0.1, ipv6Subnet: 64}}"
    )
    assert step.address == ClientAddress(excluded=("10.0.0.1/32",), ipv6_bits=64)
    assert step.status == 404


def test_what_makes_one_client() -> None:
    criteria = {
        "ipStrategy: {depth: 1}": SameClient(address=ClientAddress(depth=1)),
        "requestHeaderName: X-User": SameClient(header="X-User"),
        "requestHost: true": SameClient(is_host=True),
        "": SameClient(address=ClientAddress()),
    }
    for written, expected in criteria.items():
        (step,) = middleware(f"rateLimit: {{average: 1, sourceCriterion: {{{written}}}}}")
        assert step.by == expected
    (step,) = middleware("inFlightReq: {amount: 1}")
    assert step.by == SameClient(is_host=True)
    (step,) = middleware("rateLimit: {average: 1}")
    assert step.by == SameClient(address=ClientAddress())


def test_mistakes() -> None:
    assert broken("ipAllowList: {sourceRange: [x]}") == (
        '"ipAllowList.sourceRange[0]" is no IP address and no CIDR such as 10.0.0.0/8: "x"'
    )
    assert broken("inFlightReq: {amount: 1, sourceCriterion: {requestHost: true, requestHeaderName: x}}") == (
        '"inFlightReq.sourceCriterion" must be one of ipStrategy, requestHeaderName, requestHost'
    )
