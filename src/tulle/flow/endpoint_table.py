"""The load assignments that the clusters of proxies need, each encoded once; endpoint changes touch nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tulle.envoy import endpoint_views
from tulle.envoy.compile import compile_endpoints
from tulle.flow.endpoints import endpoints
from tulle.kit.groups import Groups
from tulle.model.guards import Guard
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.services import Endpoint, Service
from tulle.model.workloads import Instance
from tulle.xds.snapshot import Resource


class EndpointTable:
    """Load assignments by the names of their views, compiled when a proxy first needs them."""

    def __init__(self) -> None:
        self._services: Mapping[Name, Service] = {}
        self._instances: Mapping[Name, tuple[Instance, ...]] = {}
        self._guards: Mapping[Name, Guard] = {}
        self._places: dict[Name, tuple[Endpoint, ...]] = {}
        self.failed: dict[str, Resource] = {}
        """Those that could not be compiled, by view; the last good ones stay."""
        self._resources: dict[str, Resource] = {}
        self._views: Groups[Name, str] = Groups()

    def __len__(self) -> int:
        return len(self._resources)

    def places(self, service: Service) -> tuple[Endpoint, ...]:
        """Every place that answers for the service now."""
        return endpoints(service, self._instances.get(service.name, ()), self._guards)

    def get(self, view: str) -> Resource | None:
        """The load assignment of a view, by its name; None if its service does not exist."""
        known = self._resources.get(view)
        if known is not None or view in self.failed:
            return known
        name = endpoint_views.parse(view).service
        service = self._services.get(name)
        if service is None:
            return None
        places = self._places.setdefault(name, self.places(service))
        self._views.add(name, view)
        return self._take(view, compile_endpoints(service, view, places))

    def update(
        self, mesh: Mesh, instances: Mapping[Name, tuple[Instance, ...]], touched: Iterable[Name]
    ) -> dict[str, Resource | None]:
        """Take in new services and instances; return the load assignments that changed, None for those that ended.

        Args:
            mesh: the desired state.
            instances: those that may be called, by service.
            touched: the services that may differ from the last time.
        """
        self._services, self._guards, self._instances = mesh.services, mesh.guards, instances
        changed: dict[str, Resource | None] = {}
        for name in touched:
            if name in self._views:
                changed |= self._refresh(name)
        return changed

    def _refresh(self, name: Name) -> dict[str, Resource | None]:
        service = self._services.get(name)
        if service is None:
            self._places.pop(name, None)
            gone = self._views.pop(name)
            for view in gone:
                self._resources.pop(view, None)
                self.failed.pop(view, None)
            return dict.fromkeys(gone)
        self._places[name] = places = self.places(service)
        changed: dict[str, Resource | None] = {}
        for view in self._views.get(name):
            before = self._resources.get(view)
            now = self._take(view, compile_endpoints(service, view, places))
            if now is not before:
                changed[view] = now
        return changed

    def _take(self, view: str, resource: Resource) -> Resource | None:
        """What counts now: the new one, unless it is like the last one, or could not be compiled."""
        known = self._resources.get(view)
        if resource.failure:
            self.failed[view] = resource
            return known
        self.failed.pop(view, None)
        if known is None or known.version != resource.version:
            self._resources[view] = resource
        return self._resources[view]
