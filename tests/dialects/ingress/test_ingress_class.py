from __future__ import annotations

from collections.abc import Callable

from tulle.model.mesh import Fragment
from tulle.model.objects import GatewayClass

Read = Callable[[str], Fragment]
FRAME = "{{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {{name: own}}{rest}}}"


def test_a_class_is_known_by_its_controller(read: Read) -> None:
    (found,) = read(FRAME.format(rest=", spec: {controller: example.org/c}")).objects
    assert isinstance(found, GatewayClass)
    assert (found.name, found.kind, found.controller, found.is_default) == (
        "own",
        "IngressClass",
        "example.org/c",
        False,
    )


def test_a_class_may_say_nothing(read: Read) -> None:
    assert len(read(FRAME.format(rest="")).objects) == 1


def test_parameters_have_no_effect(read: Read) -> None:
    (finding,) = read(FRAME.format(rest=", spec: {parameters: {kind: A, name: b}}")).findings
    assert '"spec.parameters" has no effect' in finding.message and not finding.is_error


def test_an_unknown_field_is_a_mistake(read: Read) -> None:
    (finding,) = read(FRAME.format(rest=", spec: {controler: a}")).findings
    assert finding.is_error
