from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "gateway: {listeners: {a: {port: 1, address: here}}}",
            'listener a: "address" must be an IP address such as 127.0.0.1, 0.0.0.0 or ::1, not "here"',
        ),
        (
            "gateway: {listeners: {a: {port: 1, address: 5}}}",
            'listener a: "address" must be an IP address such as 127.0.0.1, 0.0.0.0 or ::1, not 5',
        ),
        ("gateway: {listeners: {a: {port: 1, tls: {}}}}", 'listener a: "tls" needs a certificate and its key'),
        (
            "gateway: {listeners: {a: {port: 1, protocol: tcp}}}",
            "listener a speaks tcp and needs to: the service that gets the bytes",
        ),
        (
            "gateway: {listeners: {a: {port: 1, to: db}}}",
            'listener a: "to" is for tcp, tls and udp; for http, write routes',
        ),
        (
            "gateway: {listeners: {a: {port: 1, protocol: tcp, to: db, weights: {db: 1}}}}",
            'listener a: "weights" cannot stand beside to; write one of them',
        ),
        (
            "gateway: {listeners: {a: {port: 1, protocol: udp, weights: {db: 1}}}}",
            'listener a: "weights" cannot be used with udp; write to',
        ),
        (
            "gateway: {listeners: {a: {port: 1, protocol: udp, to: db, tls: {certificate: c, key: k}}}}",
            'listener a: "tls" cannot be used with udp',
        ),
        (
            "gateway: {listeners: {a: {port: 1, protocol: tls, to: db}}}",
            'listener a: "protocol" is tls, which needs tls with a certificate and its key',
        ),
        (
            "gateway: {listeners: {a: {port: 1, protocol: tcp, to: db, redirect_to_https: 2}}}",
            'listener a: "redirect_to_https" is only for plain http',
        ),
        ("gateway: {listeners: {a: }}", "listener a must be a mapping, not nothing"),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert [finding.message for finding in read(text).findings] == [message]


def test_certificates_without_a_default(read: Read) -> None:
    (listener,) = read(
        "gateway: {listeners: {a: {port: 1, tls: {certificates: [{certificate: c, key: k, hosts: a.b}]}}}}"
    ).listeners
    assert [item.hosts for item in listener.certificates] == [("a.b",)]
