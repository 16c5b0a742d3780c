from __future__ import annotations

from tests.envoy.decoded import as_json
from tulle.envoy.filters import intake
from tulle.envoy.filters.base import Chain, Side
from tulle.model.listeners import Entrance, Forwarded
from tulle.model.mesh import Settings


def placed(entrance: Entrance | None, *, is_encrypted: bool = False) -> object:
    chain = Chain(side=Side.GATEWAY, settings=Settings(), entrance=entrance, is_encrypted=is_encrypted)
    return intake.FILTER.place(chain)


def script(entrance: Entrance, *, is_encrypted: bool = False) -> str:
    found = placed(entrance, is_encrypted=is_encrypted)
    assert found is not None and not isinstance(found, list | tuple)
    config = as_json(found)["typed_config"]
    text: str = config["extension_config"]["typed_config"]["default_source_code"]["inline_string"]
    return text


def test_it_stands_at_entry_points_only() -> None:
    assert placed(None) is None


def test_what_the_entry_point_wants_is_in_the_script() -> None:
    assert 'semicolon = "&", port = "80", nobody = "nobody.invalid"' in script(Entrance())
    assert 'semicolon = "%%3B", port = "443"' in script(Entrance(encodes_semicolons=True), is_encrypted=True)
    assert 'port = "host"' in script(Entrance(forwarded=Forwarded(trusts_all=True)))
    assert "exact = false" in script(Entrance())
    assert "exact = true" in script(Entrance(sanitizes_path=False))
    assert "handle:filterContext()" not in script(Entrance())


def test_plain_requests_do_not_meet_it() -> None:
    found = placed(Entrance())
    assert found is not None and not isinstance(found, list | tuple)
    (matcher,) = as_json(found)["typed_config"]["xds_matcher"]["matcher_list"]["matchers"]
    assert matcher["on_match"]["action"]["name"] == "skip"
    unusual = matcher["predicate"]["not_matcher"]["or_matcher"]["predicate"]
    assert len(unusual) == len(intake.UNUSUAL)
