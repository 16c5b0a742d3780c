"""Sources that documents ask for: started when a document names them, and ended when none does any more."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from tulle.flow.gather import Gather
from tulle.kit.located_yaml import Malformed
from tulle.model.mesh import Mesh
from tulle.model.providers import FileSettings, Provider, ProviderSettings
from tulle.sources.base import Source
from tulle.sources.file import FileSource
from tulle.sources.providers import sources
from tulle.sources.rest import RestSource


class Providers:
    """The sources that providers of the mesh stand for."""

    def __init__(self, gather: Gather, paths: Sequence[str], folder: str = "") -> None:
        """`paths` are read anyway. Paths in files begin at `folder`, if not at that of each file."""
        self.rest: RestSource | None = None
        """What takes configuration from others, if a document asks for it."""
        self._gather = gather
        self._paths = tuple(paths)
        self._folder = folder
        self._running: dict[str, tuple[ProviderSettings, tuple[str, ...]]] = {}
        """By the name of a provider, what it was told, and the names of its sources."""

    def put(self, data: bytes) -> None:
        """Take configuration from others.

        Raises:
            Malformed: it is none, or no document asks for any.
        """
        if self.rest is None:
            raise Malformed(0, "no document asks for it; write `providers: {rest: {}}`")
        self.rest.put(data)

    def follow(self, mesh: Mesh) -> bool:
        """Start and end sources as the mesh wants them; whether there is a new one."""
        wanted = {name.name: provider for name, provider in mesh.providers.items()}
        for name, (settings, running) in [*self._running.items()]:
            if name not in wanted or wanted[name].settings != settings:
                for each in running:
                    self._gather.remove(each)
                if self.rest is not None and self.rest.name in running:
                    self.rest = None
                del self._running[name]
        is_new = False
        for name, provider in wanted.items():
            if name not in self._running:
                found = tuple(self._sources(provider))
                self._running[name] = provider.settings, tuple(each.name for each in found)
                for source in found:
                    self._gather.add(source)
                    is_new = True
        return is_new

    def _sources(self, provider: Provider) -> Iterator[Source]:
        settings = provider.settings
        if isinstance(settings, FileSettings):
            paths = unread(settings.paths, self._paths)
            if paths:
                name = f"provider {provider.name.name}"
                yield FileSource(paths, name=name, are_templates=True, folder=self._folder)
            return
        for source in sources((settings,), folder=provider.folder):
            if isinstance(source, RestSource):
                self.rest = source
            yield source


def more_files(mesh: Mesh, paths: Iterable[str]) -> tuple[str, ...]:
    """Files and folders that documents name as providers, beside those that are read anyway."""
    known = tuple(paths)
    settings = (each.settings for each in mesh.providers.values())
    return tuple(path for each in settings if isinstance(each, FileSettings) for path in unread(each.paths, known))


def unread(paths: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """The paths that are not within those that are known."""
    within = [os.path.realpath(path) for path in known]
    return tuple(path for path in paths if not any(_holds(each, os.path.realpath(path)) for each in within))


def _holds(folder: str, path: str) -> bool:
    return path == folder or path.startswith(f"{folder}{os.sep}")
