"""Bookinfo, as teams know it from Istio: each set of rules applied in turn, and what it says seen in live traffic."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.e2e.machine import REPOSITORY, Machine, eventually
from tests.e2e.scenario import Request, check, send

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

JASON = {"end-user": "jason"}
REVIEWS = {"url": "http://reviews:9080/reviews/0", "from": "productpage-v1"}
RATINGS = {"url": "http://ratings:9080/ratings/0", "from": "reviews-v2"}


FRAME = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: HOST}
spec:
  hosts: [HOST]
  http:
"""


def routes(host: str, rules: str) -> str:
    """A VirtualService with these rules."""
    return FRAME.replace("HOST", host) + rules


def to(host: str, **shares: int) -> str:
    """A rule that spreads calls over versions."""
    lines = [
        f"    - destination: {{host: {host}, subset: {name}}}\n      weight: {share}\n"
        for name, share in shares.items()
    ]
    return "  - route:\n" + "".join(lines)


def for_jason(host: str, jason: str, rest: str, fault: str = "") -> str:
    """One version for one user, another one for everybody else."""
    match = "  - match: [{headers: {end-user: {exact: jason}}}]\n" + (f"    fault: {fault}\n" if fault else "")
    return match + to(host, **{jason: 100}).replace("  - route", "    route", 1) + to(host, **{rest: 100})


DELAY = "{delay: {percentage: {value: 100.0}, fixedDelay: 7s}}"
ABORT = "{abort: {percentage: {value: 100.0}, httpStatus: 500}}"
CASES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "everybody gets v1": (
        routes("reviews", to("reviews", v1=100)),
        [REVIEWS | {"times": 50, "expect": {"version": "v1"}}],
    ),
    "90 and 10": (
        routes("reviews", to("reviews", v1=90, v2=10)),
        [REVIEWS | {"times": 500, "expect": {"shares": {"v1": 0.9, "v2": 0.1}}}],
    ),
    "half and half": (
        routes("reviews", to("reviews", v1=50, v3=50)),
        [REVIEWS | {"times": 500, "expect": {"shares": {"v1": 0.5, "v3": 0.5}}}],
    ),
    "jason gets v2, the others v3": (
        routes("reviews", for_jason("reviews", "v2", "v3")),
        [
            REVIEWS | {"headers": JASON, "times": 50, "expect": {"version": "v2"}},
            REVIEWS | {"times": 50, "expect": {"version": "v3"}},
        ],
    ),
    "ratings are slow for jason": (
        routes("ratings", for_jason("ratings", "v1", "v1", DELAY)),
        [
            RATINGS | {"headers": JASON, "expect": {"delay": 7}},
            RATINGS | {"expect": {"delay": 0}},
        ],
    ),
    "ratings fail for jason": (
        routes("ratings", for_jason("ratings", "v1", "v1", ABORT)),
        [RATINGS | {"headers": JASON, "expect": {"status": 500}}, RATINGS | {"expect": {"version": "v1"}}],
    ),
}


def test_each_set_of_rules_does_what_it_says(machine: Machine) -> None:
    shutil.copytree(REPOSITORY / "examples" / "bookinfo", machine.files)
    gateway = machine.files / "istio" / "gateway.yaml"
    gateway.write_text(gateway.read_text().replace("number: 80,", f"number: {machine.gateway},"))
    machine.up()
    page = eventually(lambda: machine.get("/productpage"), what="the page through the gateway")
    assert page.status == 200
    assert "Reviews served by" in page.body
    assert machine.get("/nothing").status == 404

    for documents, requests in CASES.values():
        machine.write(documents, "rules.yaml")
        for data in requests:
            check(machine, Request.read(data))
    _the_page_shows_what_the_rules_say(machine)
    assert machine.status()["findings"] == []


def _the_page_shows_what_the_rules_say(machine: Machine) -> None:
    """With v3 of the reviews for everybody the stars are red, and jason's ratings fail."""
    machine.write(routes("reviews", to("reviews", v3=100)), "reviews.yaml")
    eventually(lambda: "red" in machine.get("/productpage").body)
    signed_in = Request(url="http://any/productpage", headers={"cookie": "user=jason"})
    (page,) = send(machine, signed_in)
    assert "currently unavailable" in page.answer.body
