from __future__ import annotations

from tests.flow.edge.building import file
from tulle.flow.edge.known import ALL, Known, Lookup, shown
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.routers import Reference, Steps

STEPS = Steps(name=file("strip"), origin=BUILT_IN)


def test_names_as_somebody_of_a_provider_writes_them() -> None:
    assert shown(file("tcp/a"), "@file") == "a"
    assert shown(Name("@docker", "a"), "@file") == "a@docker"
    assert shown(Name("@static", "web"), "@file") == "web"


def test_what_was_looked_up_is_noted() -> None:
    lookup = Lookup(Known(steps={STEPS.name: STEPS}), file("r"), "router r")
    assert lookup.steps(Reference(STEPS.name)) is STEPS
    assert lookup.is_complete
    assert lookup.steps(Reference(file("stirp"))) is None
    assert [each.message for each in lookup.findings] == [
        'router r: there is no middleware "stirp"; did you mean "strip"?'
    ]
    assert lookup.asked == {("middleware", file("strip")), ("middleware", file("stirp")), ("middleware", ALL)}
    assert not lookup.is_complete


def test_whether_there_is_something() -> None:
    known = Known(steps={STEPS.name: STEPS})
    assert known.has(("middleware", STEPS.name))
    assert not known.has(("middleware", file("stirp")))
    assert not known.has(("service", STEPS.name))
    assert not known.has(("certificate", STEPS.name))
