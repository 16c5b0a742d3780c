"""`Gateway`: where clients from outside are heard."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

from pydantic import Field

from tulle.dialects.fields import Several
from tulle.dialects.gateway_api.admission import AllowedListeners, Problem, chosen
from tulle.dialects.gateway_api.dialect import GROUP
from tulle.dialects.gateway_api.frontend import GatewayTls, shown_certificate, trusts
from tulle.dialects.gateway_api.listener import Frame, Listeners, listeners
from tulle.dialects.gateway_api.references import LocalReference
from tulle.dialects.gateway_api.rules import created
from tulle.dialects.gateway_api.values import ObjectName, at_most, longest
from tulle.dialects.objects import Differs, Object, ObjectKind, ObjectSpec, Refused, Strings, validated
from tulle.dialects.written import Written
from tulle.model.listeners import Admission
from tulle.model.mesh import Fragment
from tulle.model.objects import Gateway

NO_DEPLOYMENT = "has no effect: nothing is deployed for a gateway here"


class Address(ObjectSpec):
    """Where the gateway is to be reached."""

    type: str = Field("IPAddress", description="IPAddress; others are not known here.")
    value: Annotated[str, longest(253)] = Field("", description="The address; chosen freely if empty.")
    routability: Annotated[
        str | None, Refused("has no effect: what can reach the address decides this machine's network", unless=("",))
    ] = Field(None, description="From where the address is to be reached (experimental).")


class Infrastructure(ObjectSpec):
    """What is deployed for the gateway."""

    labels: Annotated[Strings, Refused(NO_DEPLOYMENT, unless=({},))] = Field(description="Labels on it.")
    annotations: Annotated[Strings, Refused(NO_DEPLOYMENT, unless=({},))] = Field(description="Notes on it.")
    parameters_ref: Annotated[
        LocalReference | None,
        Differs("A ConfigMap has no effect; a gateway that names another kind is not accepted (InvalidParameters)."),
    ] = Field(None, description="Parameters of other implementations.")
    routability: Annotated[str | None, Refused(NO_DEPLOYMENT)] = Field(
        None, description="From where the gateway is to be reached (experimental)."
    )


class GatewaySpec(ObjectSpec):
    """What the gateway says."""

    gateway_class_name: Annotated[ObjectName, Differs("Gateways of every class are served, also without a class.")] = (
        Field(description="Its class.")
    )
    listeners: Listeners = Field(description="Its ports.")
    addresses: Annotated[
        tuple[Address, ...],
        Several(alone=False),
        at_most(16),
        Differs("Without them 127.0.0.1, or, where other gateways have the same port and host, the next 127.0.0.x."),
    ] = Field((), description="Where it is to be reached.")
    infrastructure: Infrastructure | None = Field(None, description="What is deployed for it.")
    allowed_listeners: AllowedListeners | None = Field(None, description="Whose listener sets may add ports to it.")
    tls: GatewayTls | None = Field(None, description="TLS of all of its ports.")
    default_scope: Annotated[
        str | None, Refused("has no effect: routes name their gateways in parentRefs", unless=("None",))
    ] = Field(None, description="Whether routes that ask for a default gateway get this one.")


class GatewayObject(Object):
    """A gateway."""

    spec: GatewaySpec = Field(description="What the gateway says.")


def read(part: Written) -> Fragment:
    """One gateway."""
    found = validated(part, GatewayObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec, name, stamp = found.spec, part.document.key.name, created(found.metadata)
    addresses, problems = _addresses(part, spec.addresses)
    problems += _parameter_problems(part, spec.infrastructure)
    frame = Frame(name, "Gateway", stamp, addresses, trusts(part, spec.tls))
    certificate, certificate_problem = shown_certificate(part, spec.tls)
    gateway = Gateway(
        name=name,
        origin=part.origin,
        class_name=spec.gateway_class_name,
        created=stamp,
        problems=problems,
        sets_from=_sets_from(part, spec.allowed_listeners),
        client_certificate=certificate,
        client_certificate_problem=certificate_problem,
    )
    ports = listeners(part, spec.listeners, frame)
    return Fragment(listeners=ports, objects=(gateway,), findings=tuple(part.findings))


def _parameter_problems(part: Written, spec: Infrastructure | None) -> tuple[Problem, ...]:
    """Parameters of unknown kinds may change everything, so the gateway is not accepted."""
    if spec is None or spec.parameters_ref is None:
        return ()
    path, named = ("spec", "infrastructure", "parametersRef"), spec.parameters_ref
    if (named.group, named.kind) == ("", "ConfigMap"):
        part.warning(path, NO_DEPLOYMENT)
        return ()
    message = f"parameters of kind {named.kind}{f' of {named.group}' if named.group else ''} are unknown here"
    part.warning(path, f"cannot be used: {message}; the gateway does not listen")
    return (("Accepted", "InvalidParameters", message),)


def _sets_from(part: Written, spec: AllowedListeners | None) -> Admission | None:
    if spec is None or spec.namespaces is None or spec.namespaces.from_ == "None":
        return None
    namespaces, selector = chosen(part, ("spec", "allowedListeners", "namespaces"), spec.namespaces)
    return Admission(namespaces=namespaces, selector=selector)


def _addresses(part: Written, specs: tuple[Address, ...]) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """The addresses that were asked for, and what is wrong with the others."""
    found: list[str] = []
    problems: list[Problem] = []
    for index, each in enumerate(specs):
        path = ("spec", "addresses", index)
        if each.type != "IPAddress":
            message = f"an address is an IPAddress here, not a {each.type}"
            part.warning((*path, "type"), f"cannot be used: {message}; leave addresses out")
            problems.append(("Accepted", "UnsupportedAddress", message))
        elif each.value in found:
            part.error((*path, "value"), "is written twice; addresses must differ")
        elif each.value:
            try:
                found.append(str(ip_address(each.value)))
            except ValueError:
                part.error((*path, "value"), f'must be an IP address such as 127.0.0.5, not "{each.value}"')
    return tuple(found), tuple(problems)


KIND = ObjectKind(
    group=GROUP,
    versions=("v1", "v1beta1"),
    kind="Gateway",
    schema=GatewayObject,
    read=read,
    documentation="https://gateway-api.sigs.k8s.io/reference/api-types/gateway/",
)
