"""`AuthorizationPolicy`: who may do what with some workloads."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from tulle.dialects.istio import attributes
from tulle.dialects.istio.selection import Attached, labels, targets
from tulle.dialects.objects import Differs, Items, Object, ObjectKind, ObjectSpec, validated
from tulle.dialects.written import Step, Written
from tulle.model.mesh import Fragment
from tulle.model.security import (
    AccessAction,
    AccessCondition,
    AccessOperation,
    AccessPolicy,
    AccessRule,
    AccessSource,
)

DRY_RUN = "istio.io/dry-run"
Path = tuple[Step, ...]
Patterns = Items[str]
ANY_PORT = Differs("A host without a port fits the `Host` with any port.")
ESCAPED = Differs("A request whose path has an escaped slash (`%2F`, `%5C`) is answered 400.")


class Action(StrEnum):
    """What happens to requests that a rule matches."""

    ALLOW = "ALLOW"
    DENY = "DENY"
    AUDIT = "AUDIT"
    CUSTOM = "CUSTOM"


class Source(ObjectSpec):
    """Who asks; everything that is written must hold."""

    principals: Patterns = Field((), description="Identities of callers: `cluster.local/ns/default/sa/web`.")
    not_principals: Patterns = Field((), description="Identities that it must not be.")
    request_principals: Patterns = Field((), description="`issuer/subject` of a verified token.")
    not_request_principals: Patterns = Field((), description="`issuer/subject` that it must not be.")
    namespaces: Patterns = Field((), description="Namespaces of callers.")
    not_namespaces: Patterns = Field((), description="Namespaces that it must not be.")
    service_accounts: Patterns = Field(
        (), description="Service accounts of callers: `namespace/account`, or `account` in the namespace of the policy."
    )
    not_service_accounts: Patterns = Field((), description="Service accounts that it must not be.")
    trust_domains: Patterns = Field((), description="Trust domains of callers.")
    not_trust_domains: Patterns = Field((), description="Trust domains that it must not be.")
    ip_blocks: Patterns = Field((), description="Addresses of the peer of the connection, as CIDR.")
    not_ip_blocks: Patterns = Field((), description="Addresses that the peer must not have.")
    remote_ip_blocks: Patterns = Field(
        (), description="Addresses of the client, as `X-Forwarded-For` or the PROXY protocol tell it."
    )
    not_remote_ip_blocks: Patterns = Field((), description="Addresses that the client must not have.")


class Operation(ObjectSpec):
    """What is asked; everything that is written must hold."""

    hosts: Annotated[Patterns, ANY_PORT] = Field((), description="The `Host` of the request, without regard to case.")
    not_hosts: Annotated[Patterns, ANY_PORT] = Field((), description="Hosts that it must not be.")
    ports: Patterns = Field((), description="Ports of the workload, in quotes.")
    not_ports: Patterns = Field((), description="Ports that it must not be.")
    methods: Patterns = Field((), description="Methods; of gRPC always POST.")
    not_methods: Patterns = Field((), description="Methods that it must not be.")
    paths: Annotated[Patterns, ESCAPED] = Field(
        (), description="Paths; `{*}` is one segment, `{**}` any number of them."
    )
    not_paths: Annotated[Patterns, ESCAPED] = Field((), description="Paths that it must not be.")


class From(ObjectSpec):
    """An entry of `from`."""

    source: Source = Field(description="Who asks.")


class To(ObjectSpec):
    """An entry of `to`."""

    operation: Operation = Field(description="What is asked.")


class Condition(ObjectSpec):
    """A condition on an attribute."""

    key: str = Field(description="Name of the attribute, such as `request.headers[x-user]`.")
    values: Patterns = Field((), description="Values of which it must have one.")
    not_values: Patterns = Field((), description="Values that it must not have.")


class Rule(ObjectSpec):
    """Matches if one source, one operation and all conditions do; an empty one matches every request."""

    from_: Annotated[Items[From] | None, Field(alias="from")] = Field(None, description="Sources; without: anybody.")
    to: Items[To] | None = Field(None, description="Operations; without: anything.")
    when: Items[Condition] = Field((), description="Further conditions.")


class Provider(ObjectSpec):
    """Who is asked."""

    name: str = Field(min_length=1, description="Name of one of the mesh's `extensionProviders`.")


class AuthorizationPolicySpec(Attached):
    """Who may do what."""

    action: Annotated[
        Action,
        Differs("AUDIT writes a line to the access log for what it matches; there is no plugin."),
    ] = Field(Action.ALLOW, strict=False, description="ALLOW, DENY, AUDIT, or CUSTOM: the provider is asked.")
    provider: Provider | None = Field(None, description="With CUSTOM: who is asked.")
    rules: Items[Rule] | None = Field(None, description="Of which one must match; none at all matches nothing.")


class AuthorizationPolicyObject(Object):
    """Who may do what. The annotation `istio.io/dry-run: "true"` makes it count only."""

    spec: AuthorizationPolicySpec | None = Field(None, description="The policy.")


def read(part: Written) -> Fragment:
    """One policy."""
    found = validated(part, AuthorizationPolicyObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec = found.spec or AuthorizationPolicySpec.model_validate({})
    _check_frame(part, spec)
    policy = AccessPolicy(
        name=part.document.key.name,
        origin=part.origin,
        selector=labels(spec),
        selector_origin=part.at("spec", "selector"),
        targets=targets(part, spec),
        action=AccessAction(spec.action.value.lower()),
        rules=tuple(_rule(part, ("spec", "rules", index), each) for index, each in enumerate(spec.rules or ())),
        provider=spec.provider.name if spec.provider else "",
        provider_origin=part.at("spec", "provider"),
        is_dry_run=_dry_run(part, found.metadata.annotations.get(DRY_RUN)),
    )
    return Fragment(objects=(policy,), findings=tuple(part.findings))


def _check_frame(part: Written, spec: AuthorizationPolicySpec) -> None:
    """What action, provider and rules must have to do with each other."""
    if spec.action is Action.CUSTOM and spec.provider is None:
        part.error(
            ("spec", "action"), "is CUSTOM and needs a provider: the name of one of the mesh's extensionProviders"
        )
    if spec.action is not Action.CUSTOM and spec.provider is not None:
        part.error(("spec", "provider"), f"is only for CUSTOM, and the action is {spec.action}")
    if spec.rules:
        return
    if spec.action is not Action.ALLOW:
        message = f"is {spec.action} without rules, so that it matches nothing; write rules: [{{}}] for every request"
        part.warning(("spec", "action"), message)
    elif spec.rules is not None:
        message = "is empty, so that the policy denies everything; write rules: [{}] to allow everything"
        part.warning(("spec", "rules"), message)


def _dry_run(part: Written, text: str | None) -> bool:
    if text not in {None, "true", "false"}:
        part.error(("metadata", "annotations", DRY_RUN), f'must be "true" or "false", not "{text}"')
    return text == "true"


def _rule(part: Written, path: Path, rule: Rule) -> AccessRule:
    for name, given in (("from", rule.from_), ("to", rule.to)):
        if given == ():
            part.error((*path, name), f"is empty; leave it out for {'anybody' if name == 'from' else 'anything'}")
    return AccessRule(
        origin=part.at(*path),
        sources=tuple(
            _source(part, (*path, "from", i, "source"), each.source) for i, each in enumerate(rule.from_ or ())
        ),
        operations=tuple(
            _operation(part, (*path, "to", i, "operation"), each.operation) for i, each in enumerate(rule.to or ())
        ),
        conditions=tuple(_condition(part, (*path, "when", i), each) for i, each in enumerate(rule.when)),
    )


def _source(part: Written, path: Path, source: Source) -> AccessSource:
    if not any(given for _, given in source):
        part.error(path, "is empty; leave from out for anybody")
    if (source.service_accounts or source.not_service_accounts) and (
        source.principals or source.not_principals or source.namespaces or source.not_namespaces
    ):
        part.error(path, "cannot have serviceAccounts beside principals or namespaces")
    return AccessSource(
        principals=attributes.checked(part, path, "principals", source.principals, source.not_principals),
        request_principals=attributes.checked(
            part, path, "requestPrincipals", source.request_principals, source.not_request_principals
        ),
        namespaces=attributes.checked(part, path, "namespaces", source.namespaces, source.not_namespaces),
        service_accounts=attributes.checked(
            part, path, "serviceAccounts", source.service_accounts, source.not_service_accounts
        ),
        trust_domains=attributes.checked(part, path, "trustDomains", source.trust_domains, source.not_trust_domains),
        ip_blocks=attributes.checked(part, path, "ipBlocks", source.ip_blocks, source.not_ip_blocks),
        remote_ip_blocks=attributes.checked(
            part, path, "remoteIpBlocks", source.remote_ip_blocks, source.not_remote_ip_blocks
        ),
    )


def _operation(part: Written, path: Path, operation: Operation) -> AccessOperation:
    if not any(given for _, given in operation):
        part.error(path, "is empty; leave to out for anything")
    return AccessOperation(
        hosts=attributes.checked(part, path, "hosts", operation.hosts, operation.not_hosts),
        ports=attributes.checked(part, path, "ports", operation.ports, operation.not_ports),
        methods=attributes.checked(part, path, "methods", operation.methods, operation.not_methods),
        paths=attributes.checked(part, path, "paths", operation.paths, operation.not_paths),
    )


def _condition(part: Written, path: Path, condition: Condition) -> AccessCondition:
    attributes.check_key(part, (*path, "key"), condition.key)
    if not condition.values and not condition.not_values:
        part.error(path, f'on "{condition.key}" needs values or notValues')
    given = (condition.values, condition.not_values)
    return AccessCondition(key=condition.key, values=attributes.condition_values(part, path, condition.key, given))


KIND = ObjectKind(
    group="security.istio.io",
    versions=("v1", "v1beta1"),
    kind="AuthorizationPolicy",
    schema=AuthorizationPolicyObject,
    read=read,
    is_policy=True,
    documentation="https://istio.io/latest/docs/reference/config/security/authorization-policy/",
)
