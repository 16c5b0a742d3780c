"""Notes what a request was when it came, for the access log of its entry point: steps change it on its way."""

from __future__ import annotations

from envoy.config.core.v3 import base_pb2, substitution_format_string_pb2
from envoy.extensions.filters.common.set_filter_state.v3 import value_pb2
from envoy.extensions.filters.http.set_filter_state.v3 import set_filter_state_pb2

from tulle.envoy.filters.base import Chain, Filter, Phase, Placed, active

NAME = "noted"
CLIENT_KEY, PATH_KEY, PATH_ALONE_KEY, AUTHORITY_KEY = (
    f"tulle.noted.{each}" for each in ("client", "path", "path_alone", "authority")
)
CLIENT, PATH, PATH_ALONE, AUTHORITY = (
    f"%FILTER_STATE({key}:PLAIN)%" for key in (CLIENT_KEY, PATH_KEY, PATH_ALONE_KEY, AUTHORITY_KEY)
)
PEER = "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"
TOLD = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"


def _place(chain: Chain) -> Placed:
    """What believed proxies say who the client is counts more than its address, as in Traefik."""
    entrance = chain.entrance
    if entrance is None or entrance.observed.log is None:
        return None
    values = {
        PATH_KEY: "%REQUEST_HEADER(:PATH)%",
        PATH_ALONE_KEY: "%PATH(NQ:PATH)%",
        AUTHORITY_KEY: "%REQUEST_HEADER(:AUTHORITY)%",
        CLIENT_KEY: PEER if entrance.proxy_protocol is None else TOLD,
    }
    config = set_filter_state_pb2.Config()
    for key, text in values.items():
        config.on_request_headers.append(_value(key, text))
    config.on_request_headers.append(_value(CLIENT_KEY, "%REQUEST_HEADER(X-FORWARDED-FOR)%"))
    return active(NAME, config)


def _value(key: str, text: str) -> value_pb2.FilterStateValue:
    return value_pb2.FilterStateValue(
        object_key=key,
        factory_key="envoy.string",
        skip_if_empty=True,
        format_string=substitution_format_string_pb2.SubstitutionFormatString(
            omit_empty_values=True, text_format_source=base_pb2.DataSource(inline_string=text)
        ),
    )


FILTER = Filter(name=NAME, phase=Phase.INTAKE, place=_place)
