from __future__ import annotations

from typing import Any

from tests.envoy.decoded import as_json
from tulle.envoy.filters import noted
from tulle.envoy.filters.base import Chain, Side
from tulle.model.listeners import Entrance, Forwarded
from tulle.model.mesh import Settings
from tulle.model.observing import Observed, RequestLog

SETTINGS = Settings()
LOGGED = Observed(log=RequestLog())


def values(entrance: Entrance) -> list[tuple[str, str]]:
    found: Any = noted.FILTER.place(Chain(side=Side.GATEWAY, settings=SETTINGS, entrance=entrance))
    config: Any = as_json(found)["typed_config"]["on_request_headers"]
    return [(each["object_key"], each["format_string"]["text_format_source"]["inline_string"]) for each in config]


def test_only_what_is_logged_is_noted() -> None:
    for entrance in (None, Entrance()):
        assert noted.FILTER.place(Chain(side=Side.GATEWAY, settings=SETTINGS, entrance=entrance)) is None


def test_the_client_is_who_is_believed_to_be_it() -> None:
    found = values(Entrance(observed=LOGGED))
    clients = [text for key, text in found if key == noted.CLIENT_KEY]
    assert clients == [noted.PEER, "%REQUEST_HEADER(X-FORWARDED-FOR)%"]
    assert dict(found)[noted.PATH_KEY] == "%REQUEST_HEADER(:PATH)%"
    told = values(Entrance(observed=LOGGED, proxy_protocol=Forwarded()))
    assert (noted.CLIENT_KEY, noted.TOLD) in told
