"""What a control plane that read a document of Traefik says."""

from __future__ import annotations

from collections.abc import Sequence

from tests.dialects.traefik.reading import document
from tests.flow.edge.building import STANDING
from tulle.flow.build import Builder
from tulle.flow.state import ProxyState
from tulle.model.documents import Document
from tulle.model.mesh import Mesh


class Seen:
    """Documents, one after the other: the last one counts."""

    def __init__(self, *texts: str) -> None:
        builder = Builder()
        for text in texts:
            self.mesh: Mesh = builder.build((document(text), STANDING))
        self.documents: Sequence[Document] = builder.documents

    def proxies(self) -> tuple[ProxyState, ...]:
        """None."""
        return ()
