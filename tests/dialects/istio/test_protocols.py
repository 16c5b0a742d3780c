from __future__ import annotations

import pytest
from pydantic_core import PydanticCustomError

from tulle.dialects.istio import protocols
from tulle.model.services import Protocol


@pytest.mark.parametrize(
    ("name", "port", "expected"),
    [
        ("HTTPS", "", Protocol.TLS),
        ("MONGO", "http", Protocol.TCP),
        ("", "http", Protocol.HTTP),
        ("", "http2-api", Protocol.HTTP2),
        ("", "grpc-web-x", Protocol.HTTP),
        ("", "httpx", Protocol.TCP),
        ("", "", Protocol.TCP),
    ],
)
def test_what_is_spoken(name: str, port: str, expected: Protocol) -> None:
    assert protocols.spoken(name, port) is expected


def test_names_of_protocols() -> None:
    assert protocols.known("http") == "HTTP"
    with pytest.raises(PydanticCustomError, match='not "HTPS"; did you mean "HTTPS"'):
        protocols.known("HTPS")
    with pytest.raises(PydanticCustomError, match="not 1"):
        protocols.known(1)
