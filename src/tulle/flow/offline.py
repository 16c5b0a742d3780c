"""What files say, without running anything: for `tulle check` and `convert`. Also looks at what they refer to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tulle.dialects import registry
from tulle.flow import conversion
from tulle.flow.build import Builder
from tulle.flow.conversion import Converted
from tulle.flow.providers import more_files
from tulle.model.documents import Origin
from tulle.model.findings import Finding
from tulle.model.listeners import Listener
from tulle.model.mesh import Mesh
from tulle.model.policies import ClientTls, Policy
from tulle.model.providers import FileSettings
from tulle.model.services import Destination, Subset
from tulle.sources import built_in
from tulle.sources.base import Batch
from tulle.sources.file import Files

KUBERNETES = "core"
"""The language of what others refer to."""
_MISSING = re.compile(r'there is no [^"]+ "[^"]+@([^"@]+)"')
STANDING = built_in.document("", Path("/"))
"""What is there wherever a control plane runs."""


def checked(paths: Sequence[str | Path], folder: str = "") -> tuple[Mesh, tuple[Finding, ...]]:
    """The mesh that files and folders describe, and everything that is wrong with them, by place.

    Paths in files begin at `folder`, if not at that of each file.
    """
    mesh, _ = _read(paths, folder)
    findings = dict.fromkeys((*_eased(mesh), *missing_files(mesh), *_unobtainable(mesh)))
    return mesh, tuple(sorted(findings, key=lambda finding: (finding.origin.file, finding.origin.line)))


def converted(paths: Sequence[str | Path], folder: str, language: str = "") -> Converted:
    """The native file that says what files and folders say; paths in it start at `folder`.

    With a language, documents in others are left out, which is said; those of Kubernetes itself are not.
    """
    _, batch = _read(paths)
    wanted = {language, KUBERNETES}
    others = [each for each in batch.documents if language and registry.language(each) not in wanted]
    left = [
        Finding.warning(each.origin, f"this document is not in the language {language}: left out") for each in others
    ]
    documents = tuple(each for each in batch.documents if each not in others)
    return conversion.converted(documents, (*batch.findings, *left), folder, (STANDING,))


def _read(paths: Sequence[str | Path], folder: str = "") -> tuple[Mesh, Batch]:
    """What files say, and the files that they name, which may be templates."""
    given, builder = [str(path) for path in paths], Builder()
    named: list[str] = []
    while True:
        one = Files(given, folder=folder).scan()
        two = Files(named, are_templates=True, folder=folder).scan()
        batch = Batch((*one.documents, *two.documents), (*one.findings, *two.findings))
        mesh = builder.build((*batch.documents, STANDING), batch.findings)
        more = more_files(mesh, (*given, *named))
        if not more:
            return mesh, batch
        named += more


def _eased(mesh: Mesh) -> Iterator[Finding]:
    """What is wrong, but that providers which are not asked here may have what is missing."""
    unasked = {each.name.name for each in mesh.providers.values() if not isinstance(each.settings, FileSettings)}
    for finding in mesh.findings:
        found = _MISSING.search(finding.message)
        provider = found[1] if found else ""
        if provider in unasked or provider.partition("-")[0] in unasked:  # `consul-<namespace>`
            message = f"{finding.message}; {provider} may have it, which is not asked here"
            yield Finding.warning(finding.origin, message)
        else:
            yield finding


def _unobtainable(mesh: Mesh) -> tuple[Finding, ...]:
    """Certificates that no resolver can get."""
    if not mesh.resolvers and (mesh.edge is None or not mesh.edge.wishes):
        return ()
    from tulle.flow.certificates.following import impossible  # Most files want none, and it is much to import.

    return impossible(mesh)


def missing_files(mesh: Mesh) -> Iterator[Finding]:
    """What the mesh refers to on this machine and is not there: certificates, keys, directories."""
    for listener in mesh.listeners.values():
        for what, file, origin in _files(listener):
            if _is_missing(file):
                message = f"{listener.origin.subject}: its {what} {_short(file)} does not exist or cannot be read"
                yield Finding.error(origin, message)
    for origin, policies in _treated(mesh):
        for what, file in dict.fromkeys(each for policy in policies for each in _client_files(policy.tls)):
            if _is_missing(file):
                message = f"{origin.subject}: its {what} {_short(file)} does not exist or cannot be read"
                yield Finding.warning(origin, f"{message} here, so calls with it fail")
    for workload in mesh.workloads.values():
        if not os.path.isdir(workload.directory):
            message = f"{workload.origin.subject}: its directory {_short(workload.directory)} does not exist"
            yield Finding.error(workload.origin, message)


def _files(listener: Listener) -> Iterator[tuple[str, str, Origin]]:
    """What may be in files, the file (or nothing, where it is a secret of the mesh), and where that is written."""
    yield "client CA", listener.client_ca_file, listener.origin
    trust = listener.client_trust
    if trust is not None:
        for file in (trust.ca_file, *trust.more_ca_files):
            yield "client CA", file, listener.origin
        yield "list of revoked certificates", trust.crl_file, listener.origin
    for item in listener.certificates:
        yield "certificate", item.certificate_file, item.origin
        yield "key", item.key_file, item.origin


def _is_missing(file: str) -> bool:
    return bool(file) and (not os.path.isfile(file) or not os.access(file, os.R_OK))


def _treated(mesh: Mesh) -> Iterator[tuple[Origin, list[Policy]]]:
    """How services are called, by where that was written."""
    destinations: dict[Destination, None] = {}
    for service in mesh.services.values():
        destinations.update(dict.fromkeys(service.destinations))
        yield service.origin, [service.policy, *_of_subsets(service.subsets)]
    for each in destinations:
        own = [each.policy] if each.policy is not None else []
        yield each.origin, [*own, *dict(each.port_policies).values(), *_of_subsets(each.subsets)]


def _of_subsets(subsets: tuple[Subset, ...]) -> Iterator[Policy]:
    for subset in subsets:
        if subset.policy is not None:
            yield subset.policy
        yield from dict(subset.port_policies).values()


def _client_files(tls: ClientTls | None) -> Iterator[tuple[str, str]]:
    if tls is not None:
        yield "client certificate", tls.certificate_file
        yield "client key", tls.key_file
        yield "CA of servers", tls.ca_file
        yield "list of revoked certificates", tls.crl_file


def _short(file: str) -> str:
    """A path as one would type it here."""
    here = os.path.relpath(file)
    return file if here.startswith("..") else here
