from __future__ import annotations

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.routes import HeaderChanges

TEXT = """
parentRefs: [{name: a}]
rules:
- filters:
  - type: RequestHeaderModifier
    requestHeaderModifier:
      set: [{name: X-A, value: "1"}]
      add: [{name: X-B, value: "2"}]
      remove: [X-C]
"""


def test_headers_are_set_added_and_removed(say: Say) -> None:
    rule = say("HTTPRoute", TEXT).routes[0].rules[0]
    assert rule.request_headers == HeaderChanges(set=(("x-a", "1"),), add=(("x-b", "2"),), remove=("x-c",))


def test_a_header_is_changed_once(complain: Complain) -> None:
    path = "spec.rules[0].filters[0].requestHeaderModifier"
    assert complain("HTTPRoute", TEXT.replace("X-C", "x-a")) == [
        f'8 error: "{path}.remove[0]" changes header x-a a second time; a filter may change a header once'
    ]
    assert complain("HTTPRoute", TEXT.replace("X-B", "x-a")) == [
        f'7 error: "{path}.add[0]" changes header x-a a second time; a filter may change a header once'
    ]
