"""What certificate authorities are to find at entry points: texts under paths, and certificates. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from tulle.flow.edge.places import plain_listener, real_port
from tulle.model.challenges import TLS_PROTOCOL, Answer, HttpAnswer, TlsAnswer
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.documents import BUILT_IN
from tulle.model.hostnames import ANY
from tulle.model.listeners import Certificate, Listener, ListenerHost, ListenerProtocol
from tulle.model.names import Name
from tulle.model.objects import Secret
from tulle.model.routers import EntryPoint
from tulle.model.routes import Match, Respond, RouteRule, RouteSet

FIRST = 1 << 256
"""Above every priority of a router."""
NAMESPACE = "acme-answers"
RANK = -1
"""Before everything else that asks for the same server name."""


def routes(answers: Iterable[Answer], points: Iterable[EntryPoint]) -> Iterator[RouteSet]:
    """Texts under their paths, for every host."""
    streams = [each for each in points if not each.is_udp]
    for answer in answers:
        if isinstance(answer, HttpAnswer):
            path = Condition(Subject.PATH, Comparison.EXACT, answer.path)
            rule = RouteRule(
                name="acme",
                origin=BUILT_IN,
                matches=(Match(conditions=(path,)),),
                action=Respond(status=200, body=answer.text, headers=(("content-type", "text/plain"),)),
            )
            yield RouteSet(
                name=Name(NAMESPACE, answer.token),
                origin=BUILT_IN,
                hosts=(ANY,),
                listeners=tuple(map(plain_listener, streams)),
                rules=(rule,),
                priority=FIRST,
            )


def listeners(answers: Iterable[Answer], points: Iterable[EntryPoint]) -> Iterator[Listener]:
    """Where certificates are shown."""
    streams = [each for each in points if not each.is_udp]
    for answer in answers:
        if isinstance(answer, TlsAnswer):
            for point in streams:
                yield Listener(
                    name=Name(NAMESPACE, _name(point, answer)),
                    origin=point.origin,
                    address=point.address,
                    port=real_port(point.port),
                    declared_port=point.port,
                    protocol=ListenerProtocol.HTTPS,
                    certificates=(Certificate(secret=_secret_name(answer)),),
                    hosts=(ListenerHost(host=answer.domain),),
                    offers=(TLS_PROTOCOL,),
                    entrance=point.entrance,
                    rank=RANK,
                )


def secrets(answers: Iterable[Answer]) -> Iterator[Secret]:
    """The certificates and their keys."""
    for answer in answers:
        if isinstance(answer, TlsAnswer):
            data = (("tls.crt", answer.certificate.encode()), ("tls.key", answer.key.encode()))
            yield Secret(name=_secret_name(answer), origin=BUILT_IN, data=data)


def _name(point: EntryPoint, answer: TlsAnswer) -> str:
    return f"{point.name.name}|{answer.domain}"


def _secret_name(answer: TlsAnswer) -> Name:
    return Name(NAMESPACE, hashlib.sha256(answer.certificate.encode()).hexdigest()[:24])
