from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment

Say = Callable[..., Fragment]
Complain = Callable[..., list[str]]
GROUP = "gateway.networking.k8s.io"


@pytest.fixture
def say(read: Callable[[str], Fragment]) -> Say:
    """What an object says, of which only the spec is given."""

    def make(kind: str, spec: str, version: str = f"{GROUP}/v1", name: str = "it", extra: str = "") -> Fragment:
        lines = "\n".join(f"  {line}" for line in spec.strip("\n").splitlines())
        return read(
            f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop{extra}}}\nspec:\n{lines}\n"
        )

    return make


@pytest.fixture
def complain(say: Say) -> Complain:
    """What is wrong with an object: line within its spec, severity and message, without the name of the object."""

    def make(kind: str, spec: str, version: str = f"{GROUP}/v1") -> list[str]:
        found = say(kind, spec, version).findings
        return [
            f"{each.origin.line - 4} {each.severity}: {each.message.removeprefix(f'{kind} it: ')}" for each in found
        ]

    return make
