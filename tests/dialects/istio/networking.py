"""Documents of Istio for tests: only the part that a test is about is written."""

from __future__ import annotations

from textwrap import dedent, indent

from tulle.model.mesh import Fragment


def document(kind: str, spec: str, *, namespace: str = "shop", name: str = "it", metadata: str = "") -> str:
    """An object whose `spec` begins in line 4."""
    lines = [
        "apiVersion: networking.istio.io/v1",
        f"kind: {kind}",
        f"metadata: {{name: {name}, namespace: {namespace}{metadata}}}",
        "spec:",
    ]
    return "\n".join(lines) + "\n" + indent(dedent(spec).strip("\n"), "  ") + "\n"


def findings(fragment: Fragment) -> list[str]:
    """Every finding without the file and the name of the object: `5 warning: "spec.hosts" …`."""
    found = []
    for finding in fragment.findings:
        subject, _, message = finding.message.partition(" it")
        assert subject, finding
        found.append(f"{finding.origin.line} {finding.severity}: {message.lstrip(': ')}")
    return found
