"""Small values in Envoy's protobuf vocabulary."""

from __future__ import annotations

from envoy.config.core.v3 import address_pb2, base_pb2, config_source_pb2
from envoy.type.matcher.v3 import regex_pb2, string_pb2
from envoy.type.v3 import percent_pb2
from google.protobuf import any_pb2, duration_pb2, message, wrappers_pb2

UNLIMITED = 2**32 - 1
EVERYWHERE = "::"
"""Every address of a host, those of IPv4 included."""


def packed(content: message.Message) -> any_pb2.Any:
    """A message within `Any`, encoded deterministically."""
    result = any_pb2.Any()
    result.Pack(content, deterministic=True)
    return result


def seconds(value: float) -> duration_pb2.Duration:
    """A duration."""
    nanos = round(value * 1_000_000_000)
    return duration_pb2.Duration(seconds=nanos // 1_000_000_000, nanos=nanos % 1_000_000_000)


def number(value: int) -> wrappers_pb2.UInt32Value:
    """A number that can be absent; one that is too large for Envoy is as good as the largest."""
    return wrappers_pb2.UInt32Value(value=min(value, UNLIMITED))


def flag(value: bool) -> wrappers_pb2.BoolValue:
    """A truth value that can be absent."""
    return wrappers_pb2.BoolValue(value=value)


def fraction(percent: float) -> percent_pb2.FractionalPercent:
    """A share, exact to a ten-thousandth of a percent."""
    return percent_pb2.FractionalPercent(
        numerator=round(percent * 10_000), denominator=percent_pb2.FractionalPercent.MILLION
    )


def runtime_fraction(percent: float) -> base_pb2.RuntimeFractionalPercent:
    """A share in the form that could be overridden at run time."""
    return base_pb2.RuntimeFractionalPercent(default_value=fraction(percent))


def runtime_number(value: int) -> base_pb2.RuntimeUInt32:
    """A number in the form that could be overridden at run time."""
    return base_pb2.RuntimeUInt32(default_value=value, runtime_key="tulle")


def regex(pattern: str) -> regex_pb2.RegexMatcher:
    """An RE2 pattern."""
    return regex_pb2.RegexMatcher(regex=pattern)


def exactly(text: str) -> string_pb2.StringMatcher:
    """Equal to this text."""
    return string_pb2.StringMatcher(exact=text)


def starting_with(text: str) -> string_pb2.StringMatcher:
    """Beginning with this text."""
    return string_pb2.StringMatcher(prefix=text)


def ads() -> config_source_pb2.ConfigSource:
    """The one stream; waiting for it has no end, because an empty configuration is worse than an old one."""
    return config_source_pb2.ConfigSource(
        ads=config_source_pb2.AggregatedConfigSource(),
        resource_api_version=config_source_pb2.V3,
        initial_fetch_timeout=duration_pb2.Duration(),
    )


def socket_address(address: str, port: int, *, is_udp: bool = False) -> address_pb2.Address:
    """An IP address or host name with a port; port 0 with an absolute path is a Unix socket."""
    message = address_pb2.Address()
    fill_address(message, address, port, is_udp=is_udp)
    return message


def fill_address(message: address_pb2.Address, address: str, port: int, *, is_udp: bool = False) -> None:
    """The same, into an address that is already part of a message."""
    if address.startswith("/"):
        message.pipe.path = address
        return
    socket = message.socket_address
    socket.address, socket.port_value = address, port
    socket.ipv4_compat = address == EVERYWHERE
    if is_udp:
        socket.protocol = address_pb2.SocketAddress.UDP


def parse_address(text: str, *, is_udp: bool = False) -> address_pb2.Address:
    """`host:port`, `[v6]:port` or the absolute path of a Unix socket."""
    if text.startswith("/"):
        return socket_address(text, 0)
    host, _, port = text.rpartition(":")
    return socket_address(host.strip("[]"), int(port), is_udp=is_udp)


def literal(text: str) -> str:
    """Text for a header value that holds no commands: Envoy reads `%` as the start of one."""
    return printable(text).replace("%", "%%")


def printable(text: str) -> str:
    """Text for a header value, without control characters."""
    return "".join(c if " " <= c != "\x7f" else " " for c in text)


def header(name: str, value: str, *, appends: bool = False) -> base_pb2.HeaderValueOption:
    """A header as it is to be; the value may hold Envoy's commands (see `literal`)."""
    action = base_pb2.HeaderValueOption
    return base_pb2.HeaderValueOption(
        header=base_pb2.HeaderValue(key=name, value=value),
        append_action=action.APPEND_IF_EXISTS_OR_ADD if appends else action.OVERWRITE_IF_EXISTS_OR_ADD,
    )
