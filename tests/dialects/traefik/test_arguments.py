from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.dialects.traefik import arguments


@pytest.mark.parametrize(
    ("check", "value", "sentence"),
    [
        (arguments.anything, "ü", ""),
        (arguments.ascii_host, "a.test", ""),
        (arguments.ascii_host, "ü.test", "has letters beyond ASCII; write it as clients send it: xn--tda.test"),
        (arguments.ascii_host, "ü..test", "has letters beyond ASCII; write it as clients send it: xn--…"),
        (arguments.ascii_pattern, "^a", ""),
        (arguments.ascii_pattern, "ü", "has letters beyond ASCII, which no host name has on the wire"),
        (arguments.host_template, "{x}.test", ""),
        (arguments.path, "a", "is no path; a path begins with /"),
        (arguments.path_template, "{x}", "is no path; a path begins with /"),
        (arguments.path_template, "/{x:[}", "has {x:[}, and [ is not a regular expression (RE2): missing ]: ["),
        (arguments.protocol, "h2", ""),
        (arguments.protocol, "acme-tls/1", "belongs to the challenges of certificates and cannot be routed"),
        (arguments.server_name, "a b", "is no host name"),
        (arguments.server_name, "*a", "is no host name; * can only be the first label, as in *.example.org"),
        (arguments.server_name, "ü.test", "is no host name; write it as clients send it: xn--tda.test"),
        (arguments.server_name_v2, "*", ""),
        (arguments.server_name_v2, "a b", "is no host name"),
        (
            arguments.server_name_v2,
            "*.test",
            "is no host name; write HostSNIRegexp(`{label}.example.org`) for names with a part that varies",
        ),
        (arguments.subnet, "x", "is no IP address and no CIDR such as 10.0.0.0/8"),
    ],
)
def test_sentences_tell_what_is_wrong(check: Callable[[str], str], value: str, sentence: str) -> None:
    assert check(value) == sentence


@pytest.mark.parametrize("name", ["*", "*.test", "*.a.test", "a_b", "::1", "a.test."])
def test_server_names(name: str) -> None:
    assert arguments.server_name(name) == ""


@pytest.mark.parametrize(
    ("written", "network"),
    [
        ("10.1.2.3", "10.1.2.3/32"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("10.1.2.3/08", "10.0.0.0/8"),
        ("::1", "::1/128"),
        ("2001:DB8::1/32", "2001:db8::/32"),
        ("::ffff:10.1.2.3", "10.1.2.3/32"),
        ("::ffff:10.1.2.3/104", "10.0.0.0/8"),
        ("::ffff:10.1.2.3/90", "::ffc0:0:0/90"),
    ],
)
def test_addresses_have_one_spelling(written: str, network: str) -> None:
    assert arguments.subnet(written) == ""
    assert arguments.network(written) == network


@pytest.mark.parametrize("address", ["10.0.0.0/255.0.0.0", "fe80::1%eth0", "10.0.0.0/33", "01.2.3.4", "1.2.3", ""])
def test_what_go_takes_for_no_address(address: str) -> None:
    assert arguments.subnet(address) != ""
