"""From containers to documents: which are exposed, what each says, and what all of them say together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from tulle.kit.located import LocatedMap
from tulle.model.findings import Severity
from tulle.model.registries import LabelSettings
from tulle.sources.labels.building import Exposed, built
from tulle.sources.labels.constraints import BadConstraint, Constraint, constraint
from tulle.sources.labels.containers import Container, Surroundings, addresses, network_warning
from tulle.sources.labels.decoding import Own, Unusable, own
from tulle.sources.labels.merging import merged
from tulle.sources.labels.rules import DefaultRule
from tulle.sources.readings import Entry, Reading, Remark


class LabelReader:
    """Settings that were looked at once."""

    def __init__(self, settings: LabelSettings, provider: str) -> None:
        self.settings, self.provider = settings, provider
        self.rule = DefaultRule(settings.default_rule)
        self.remarks: tuple[Remark, ...] = ()
        """What is wrong with the settings."""
        self._constraint: Constraint = lambda _: False
        try:
            self._constraint = constraint(settings.constraints)
        except BadConstraint as error:
            sentence = f"constraints: {settings.constraints} {error}. Nothing is exposed"
            self.remarks += (Remark(Severity.ERROR, provider, sentence),)
        if self.rule.problem:
            sentence = f"defaultRule: {settings.default_rule} cannot be used: {self.rule.problem}"
            self.remarks += (Remark(Severity.ERROR, provider, sentence),)

    def containers(self, containers: Sequence[Container], host: str = "127.0.0.1") -> Reading:
        """What containers of Docker say."""
        remarks: list[Remark] = []
        pairs: list[tuple[Container, Own]] = []
        for each in containers:
            try:
                pairs.append((each, own(each.labels, "docker", self.settings.exposed_by_default)))
            except Unusable as error:
                remarks.append(Remark(Severity.ERROR, self._place(each), f"{error}. It is not exposed"))
        known = {key: pair for pair in pairs for key in (pair[0].id, pair[0].name)}
        around = Surroundings(self.settings.use_bind_port_ip, host, known)
        return self.members(pairs, around, remarks)

    def members(
        self, pairs: Iterable[tuple[Container, Own]], around: Surroundings, remarks: Iterable[Remark] = ()
    ) -> Reading:
        """What they say, those that are exposed."""
        exposed = []
        found = list(remarks)
        for each, settings in pairs:
            if self._is_kept(each, settings):
                exposed.append(self._exposed(each, settings, around))
                found += self._warnings(each, settings)
        return self.read(exposed, found)

    def allows(self, labels: Mapping[str, str]) -> bool:
        """Whether the constraints are fine with labels."""
        return self._constraint(labels)

    def read(self, exposed: Iterable[Exposed], remarks: Iterable[Remark] = ()) -> Reading:
        """What things say, and what they say together."""
        found = [*self.remarks, *remarks]
        contents: list[tuple[str, LocatedMap]] = []
        for each in sorted(exposed, key=lambda each: each.key):
            try:
                said = built(each, self.rule)
            except Unusable as error:
                found.append(Remark(Severity.ERROR, each.place, f"{error}. It is not exposed"))
                continue
            found += (Remark(Severity.ERROR, each.place, sentence) for sentence in said.errors)
            found += (Remark(Severity.WARNING, each.place, sentence) for sentence in said.warnings)
            contents.append((each.place, said.content))
        together = merged(contents)
        found += (Remark(Severity.ERROR, place, sentence) for place, sentence in together.errors)
        entries = sorted(together.contents.items())
        return Reading(tuple(Entry(place, content) for place, content in entries), tuple(dict.fromkeys(found)))

    def _is_kept(self, each: Container, settings: Own) -> bool:
        if not settings.is_enabled or not self.allows(each.labels):
            return False
        if settings.allows_non_running and self.provider == "docker":
            return True
        return _runs(each) and (self.settings.allow_empty_services or _is_well(each))

    def _exposed(self, each: Container, settings: Own, around: Surroundings) -> Exposed:
        found = partial(addresses, each, settings, self.settings.network, around)
        is_there = _runs(each) and _is_well(each)
        if self.provider == "swarm" and not each.networks and self.settings.allow_empty_services:
            is_there = False  # A service without tasks that run.
        names = {"Name": each.service, "ContainerName": each.name}
        return Exposed(
            f"{each.service} {each.name}", self._place(each), each.service, each.labels,
            found if is_there else lambda _: (), names,
        )  # fmt: skip

    def _warnings(self, each: Container, settings: Own) -> Iterable[Remark]:
        doubt = "" if self.settings.use_bind_port_ip else network_warning(each, settings, self.settings.network)
        for sentence in (*settings.warnings, *((doubt,) if doubt else ())):
            yield Remark(Severity.WARNING, self._place(each), sentence)

    def _place(self, each: Container) -> str:
        return f"docker:container/{each.name}" if self.provider == "docker" else f"swarm:service/{each.service_name}"


def _runs(each: Container) -> bool:
    return each.state in ("", "running")


def _is_well(each: Container) -> bool:
    return each.health in ("", "healthy")
