from __future__ import annotations

import pytest

from tulle.clients.dns.program import Program
from tulle.clients.dns.providers import provider
from tulle.clients.dns.rfc2136 import Rfc2136
from tulle.clients.dns.variables import Unconfigured
from tulle.clients.dns.web_hook import WebHook


def test_providers_go_by_the_names_of_lego() -> None:
    environment = {"RFC2136_NAMESERVER": "127.0.0.1", "EXEC_PATH": "/bin/true", "HTTPREQ_ENDPOINT": "http://a"}
    kinds = {name: type(provider(name, environment)) for name in ("rfc2136", "dnsupdate", "exec", "httpreq")}
    assert kinds == {"rfc2136": Rfc2136, "dnsupdate": Rfc2136, "exec": Program, "httpreq": WebHook}


def test_one_that_does_not_exist_is_said_with_what_there_is() -> None:
    with pytest.raises(Unconfigured, match=r"no DNS provider \"rfc2163\"; there are .*; did you mean \"rfc2136\"\?"):
        provider("rfc2163", {})
    with pytest.raises(Unconfigured, match="For any other, let exec call a program"):
        provider("route53", {})
