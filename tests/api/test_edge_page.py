from __future__ import annotations

from tests.api.seen import Seen
from tulle.api.edge_page import page

TEXT = """
entryPoints: {web: {address: ":8080"}}
http:
  routers: {a: {rule: Host(`<x>`), service: nope}, b: {rule: Path(`/b`), service: s}}
  services: {s: {loadBalancer: {servers: [{url: "http://10.0.0.1"}]}}}
"""


def test_what_was_written_is_no_part_of_the_page() -> None:
    found = page(Seen(TEXT))
    assert "<x>" not in found and "Host(`&lt;x&gt;`)" in found


def test_errors_stand_beside_what_they_are_about() -> None:
    found = page(Seen(TEXT))
    assert '<td class="disabled">disabled<br>router a: there is no service &quot;nope&quot;' in found
    assert "http://10.0.0.1" in found and "<h2>TCP routers</h2>" not in found
