"""The native dialect: cuts a document into services, routes, listeners and settings, each a part of its own.

A part is itself a small native document that holds nothing else, so that a store can keep it and `apply` it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import tulle.dialects.native
from tulle.dialects.base import Split
from tulle.dialects.fields import LABEL, shown
from tulle.dialects.native import edge
from tulle.dialects.sections import Kind, Shape, Splitting, kinds_of, path_of, subject
from tulle.dialects.written import Written
from tulle.kit.located import LocatedMap
from tulle.model.documents import Document, Key
from tulle.model.findings import Finding, did_you_mean
from tulle.model.mesh import Fragment
from tulle.model.names import DEFAULT_NAMESPACE, SYSTEM_NAMESPACE


class NativeDialect:
    """What a person would want to type."""

    name = "native"

    @cached_property
    def kinds(self) -> Mapping[str, Kind]:
        """Every kind by its name."""
        return kinds_of(tulle.dialects.native)

    @cached_property
    def sections(self) -> frozenset[str]:
        """The top-level keys of a document."""
        return frozenset({"namespace", edge.SECTION, *(kind.section[0] for kind in self.kinds.values())})

    def claims(self, data: Mapping[str, object]) -> bool:
        """Everything that does not look like a Kubernetes object: so that a typo in a key is understood as one."""
        return "apiVersion" not in data and "kind" not in data

    def split(self, document: Document, known: Mapping[Key, Document]) -> Split:
        """One part for each service, route, listener, for the settings, and for everything of the edge."""
        data = document.data
        splitting = Splitting(self, document, data, known)
        self._check_around(data, splitting)
        parts, findings = splitting.result()
        others, wrong = edge.parts(document, known)
        return (*parts, *others), (*findings, *wrong)

    def read(self, part: Document) -> Fragment:
        """The meaning of one part."""
        kind = self.kinds.get(part.key.kind)
        if kind is None:
            message = f'nothing here reads kind "{part.key.kind}"{did_you_mean(part.key.kind, self.kinds)}'
            return Fragment(findings=(Finding.error(part.origin, message),))
        named = part.origin.subject or subject(kind, part.key.name.name)
        return kind.read(Written(part, named, path_of(kind, part)))

    def name_problem(self, kind: Kind, name: str) -> str:
        """Names are those of DNS."""
        return "" if LABEL.fullmatch(name) else "a name has lower-case letters, digits and -, at most 63"

    def namespace(self, document: Document, kind: Kind, value: object) -> str:
        """Its own, or that of its document."""
        if kind.is_global:
            return SYSTEM_NAMESPACE
        for data in (value, document.data):
            given = data.get("namespace") if isinstance(data, Mapping) else None
            if isinstance(given, str) and LABEL.fullmatch(given):
                return given
        return DEFAULT_NAMESPACE

    def around(self, data: Mapping[str, object]) -> Mapping[str, object]:
        """The namespace of the document."""
        return {"namespace": data["namespace"]} if "namespace" in data else {}

    def _check_around(self, data: Mapping[str, object], splitting: Splitting) -> None:
        """Note what is wrong with the keys around the parts."""
        lines: Mapping[str, int] = data.lines if isinstance(data, LocatedMap) else {}
        for key in data:
            if key not in self.sections:
                hint = did_you_mean(key, self.sections)
                known = "" if hint else f"; known are {', '.join(sorted(self.sections))}"
                splitting.error(lines.get(key, 0), f'unknown field "{key}"{hint or known}')
        gateway = data.get("gateway")
        if isinstance(gateway, dict):
            within = gateway.lines if isinstance(gateway, LocatedMap) else {}
            for key in gateway:
                if key != "listeners":
                    hint = did_you_mean(key, ["listeners"]) or "; known is listeners"
                    splitting.error(within.get(key, 0), f'gateway: unknown field "{key}"{hint}')
        listeners = gateway.get("listeners") if isinstance(gateway, dict) else None
        sections = [kind.section for kind in self.kinds.values() if kind.shape is Shape.NAMED]
        named = (data.get(section) for section in (path[0] for path in sections if len(path) == 1))
        splitting.repetitions(data, gateway, *named, listeners)
        given = data.get("namespace")
        if given is not None and not (isinstance(given, str) and LABEL.fullmatch(given)):
            message = f'"namespace" must be a name of lower-case letters, not {shown(given)}'
            splitting.error(lines.get("namespace", 0), message)


DIALECT = NativeDialect()
