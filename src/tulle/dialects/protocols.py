"""What a port speaks, by the words that Kubernetes and Istio use for it."""

from __future__ import annotations

from tulle.model.services import Protocol

WORDS = {
    "http": Protocol.HTTP, "http2": Protocol.HTTP2, "h2c": Protocol.HTTP2, "grpc": Protocol.GRPC,
    "https": Protocol.TLS, "tls": Protocol.TLS, "tcp": Protocol.TCP, "mongo": Protocol.TCP, "mysql": Protocol.TCP,
    "redis": Protocol.TCP, "udp": Protocol.UDP, "kubernetes.io/h2c": Protocol.HTTP2, "kubernetes.io/ws": Protocol.HTTP,
    "kubernetes.io/wss": Protocol.TLS,
}  # fmt: skip
"""Databases are carried as TCP; `https` is TLS that the caller speaks itself."""
TCP_NUMBERS = frozenset((
    21, 22, 23, 25, 53, 110, 143, 389, 465, 587, 636, 993, 995, 1433, 1521, 1883, 2181, 3306, 4222, 5432, 5671, 5672,
    6379, 8883, 9042, 9092, 11211, 27017, 27018, 27019,
))  # fmt: skip
"""Well-known ports of what is not HTTP: mail, directories, databases, queues."""
TLS_NUMBER = 443
"""Where TLS is spoken that the caller makes: who ends it elsewhere names the port `http`."""


def protocol_of_word(word: str) -> Protocol | None:
    """By an `appProtocol` or the name of a port: `grpc`, `http-web`, `HTTP2`; None if the word says nothing."""
    folded = word.casefold()
    if folded == "grpc-web" or folded.startswith("grpc-web-"):
        return Protocol.GRPC
    return WORDS.get(folded) or WORDS.get(folded.partition("-")[0])


def protocol_of(transport: str, application: str | None, name: str, number: int) -> Protocol:
    """Of a port of a Service: what `appProtocol` says, or else its name, or else its number, or else HTTP.

    Istio would listen to what a client says first; here nothing has to wait for that.
    """
    if transport == "UDP":
        return Protocol.UDP
    word = protocol_of_word(name if application is None else application)
    if word is not None:
        return word
    if number == TLS_NUMBER:
        return Protocol.TLS
    return Protocol.TCP if number in TCP_NUMBERS else Protocol.HTTP
