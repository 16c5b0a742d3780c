"""The records of certificates in the store, as what they are. Calls block for a few milliseconds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from tulle.clients.acme import keys
from tulle.flow.certificates.kept import ACCOUNTS, ANSWERS, CERTIFICATES, REPLICAS, Account, Certificate, Replica, Shown
from tulle.flow.certificates.planning import Known
from tulle.kit.codec import Undecodable, decode, encode
from tulle.store.base import Conflict
from tulle.store.records import Record, Records

log = logging.getLogger(__name__)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Everything at one moment."""

    known: Mapping[str, Known] = field(default_factory=dict)
    """Certificates by identity."""
    shown: Mapping[str, Shown] = field(default_factory=dict)
    """Answers by the names of their records."""
    replicas: Mapping[str, Replica] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    """Of every record, those that cannot be read included."""


class Shelf:
    """Reads and writes the records. Every method raises `StoreUnusable`."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._read: dict[str, tuple[int, object]] = {}

    def mark(self) -> int:
        """Another number after every change, by whomever it is."""
        return self._records.mark()

    def content(self) -> Content:
        """Everything as of now."""
        known: dict[str, Known] = {}
        shown: dict[str, Shown] = {}
        replicas: dict[str, Replica] = {}
        versions: dict[str, int] = {}
        read: dict[str, tuple[int, object]] = {}
        for record in self._records.all():
            versions[record.name] = record.version
            value = self._value(record)
            read[record.name] = (record.version, value)
            if isinstance(value, Known):
                known[record.name.removeprefix(CERTIFICATES)] = value
            elif isinstance(value, Shown):
                shown[record.name] = value
            elif isinstance(value, Replica):
                replicas[record.name.removeprefix(REPLICAS)] = value
        self._read = read
        return Content(known=known, shown=shown, replicas=replicas, versions=versions)

    def certificate(self, identity: str) -> tuple[Certificate | None, int]:
        """One certificate and the version of its record."""
        return self._one(CERTIFICATES + identity, Certificate)

    def account(self, name: str) -> tuple[Account | None, int]:
        """One account and the version of its record."""
        return self._one(name, Account)

    def write(self, name: str, value: object, expected: int) -> int:
        """Write a record; its new version.

        Raises:
            Conflict: it is not at the version that is expected.
        """
        return self._records.write(name, encode(value).decode(), expected).version

    def put(self, name: str, value: object) -> None:
        """Write a record that is nobody else's."""
        self._insist(lambda expected: self.write(name, value, expected), name)

    def remove(self, name: str) -> None:
        """Remove a record if it is there."""
        self._insist(lambda expected: self._records.remove(name, expected) if expected else None, name)

    def _insist(self, change: Callable[[int], object], name: str) -> None:
        while True:
            record = self._records.read(name)
            try:
                change(record.version if record else 0)
                return
            except Conflict:
                continue

    def _one(self, name: str, kind: type[Value]) -> tuple[Value | None, int]:
        record = self._records.read(name)
        if record is None:
            return None, 0
        return _decoded(record, kind), record.version

    def _value(self, record: Record) -> object:
        """What a record says; the same object as long as it is not changed. None if it cannot be read."""
        before = self._read.get(record.name)
        if before is not None and before[0] == record.version:
            return before[1]
        for prefix, kind in _KINDS.items():
            if record.name.startswith(prefix):
                value = _decoded(record, kind)
                return _known(value) if isinstance(value, Certificate) else value
        return None


_KINDS: dict[str, type] = {CERTIFICATES: Certificate, ACCOUNTS: Account, ANSWERS: Shown, REPLICAS: Replica}


def _decoded(record: Record, kind: type[Value]) -> Value | None:
    try:
        return decode(kind, record.content.encode())
    except Undecodable as error:
        log.warning("the store has something else as %s; it is made anew if it is needed: %s", record.name, error)
        return None


def _known(certificate: Certificate) -> Known:
    try:
        facts = keys.facts(certificate.chain, certificate.key) if certificate.chain else None
    except keys.Unusable as error:
        log.warning("a certificate in the store cannot be used: %s: %s", ", ".join(certificate.domains), error)
        facts = None
    return Known(certificate=certificate, facts=facts)
