from __future__ import annotations

import pytest

from tulle.dialects.protocols import protocol_of, protocol_of_word
from tulle.model.services import Protocol


@pytest.mark.parametrize(
    ("word", "protocol"),
    [
        ("http", Protocol.HTTP),
        ("HTTP2", Protocol.HTTP2),
        ("http-web", Protocol.HTTP),
        ("grpc", Protocol.GRPC),
        ("grpc-web", Protocol.GRPC),
        ("grpc-web-api", Protocol.GRPC),
        ("https", Protocol.TLS),
        ("tls-x", Protocol.TLS),
        ("mongo", Protocol.TCP),
        ("redis-cache", Protocol.TCP),
        ("udp", Protocol.UDP),
        ("kubernetes.io/h2c", Protocol.HTTP2),
        ("kubernetes.io/ws", Protocol.HTTP),
        ("kubernetes.io/wss", Protocol.TLS),
        ("httpx", None),
        ("", None),
    ],
)
def test_words_say_what_is_spoken(word: str, protocol: Protocol | None) -> None:
    assert protocol_of_word(word) is protocol


@pytest.mark.parametrize(
    ("transport", "application", "name", "number", "protocol"),
    [
        ("UDP", "http", "http", 80, Protocol.UDP),
        ("TCP", "grpc", "http", 80, Protocol.GRPC),
        ("TCP", None, "tcp-x", 80, Protocol.TCP),
        ("TCP", None, "", 5432, Protocol.TCP),
        ("TCP", None, "", 443, Protocol.TLS),
        ("TCP", None, "http", 443, Protocol.HTTP),
        ("TCP", None, "web", 80, Protocol.HTTP),
        ("TCP", "example.org/own", "tcp", 80, Protocol.HTTP),
        ("TCP", "example.org/own", "http", 3306, Protocol.TCP),
    ],
)
def test_a_port_speaks_what_is_said_first(
    transport: str, application: str | None, name: str, number: int, protocol: Protocol
) -> None:
    assert protocol_of(transport, application, name, number) is protocol
