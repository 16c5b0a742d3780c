"""What files say, without running anything: for `tulle check`. Also looks at the files that they refer to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from tulle.flow.build import Builder
from tulle.model.findings import Finding
from tulle.model.mesh import Mesh
from tulle.sources.file import Files


def checked(paths: Sequence[str | Path]) -> tuple[Mesh, tuple[Finding, ...]]:
    """The mesh that files and folders describe, and everything that is wrong with them, by place."""
    batch = Files([str(path) for path in paths]).scan()
    mesh = Builder().build(batch.documents, batch.findings)
    findings = (*mesh.findings, *missing_files(mesh))
    return mesh, tuple(sorted(findings, key=lambda finding: (finding.origin.file, finding.origin.line)))


def missing_files(mesh: Mesh) -> Iterator[Finding]:
    """What the mesh refers to on this machine and is not there: certificates, keys, directories."""
    for listener in mesh.listeners.values():
        files = [("client CA", listener.client_ca_file)] if listener.client_ca_file else []
        for certificate in listener.certificates:
            files += [("certificate", certificate.certificate_file), ("key", certificate.key_file)]
        for what, file in files:
            if not os.access(file, os.R_OK) or not os.path.isfile(file):
                message = f"{listener.origin.subject}: its {what} {file} does not exist or cannot be read"
                yield Finding.error(listener.origin, message)
    for workload in mesh.workloads.values():
        if not os.path.isdir(workload.directory):
            message = f"{workload.origin.subject}: its directory {workload.directory} does not exist"
            yield Finding.error(workload.origin, message)
