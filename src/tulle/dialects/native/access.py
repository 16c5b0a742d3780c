"""`access`: who may call some workloads, said apart from them, with all that AuthorizationPolicy of Istio can say."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from tulle.dialects.fields import Several, Spec, Text, refuse
from tulle.dialects.native.selecting import Selecting
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.security import (
    AccessAction,
    AccessCondition,
    AccessOperation,
    AccessPolicy,
    AccessRule,
    AccessSource,
    Values,
)

Patterns = Annotated[tuple[Text, ...], Several()]


class PatternsSpec(Spec):
    """Patterns for one thing: text, prefix*, *suffix, or * for anything at all."""

    any: Patterns = Field((), description="Of which one must match.")
    excluded: Patterns = Field((), alias="not", description="Of which none may match.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.any and not self.excluded:
            refuse("is empty; name at least one")
        return self

    def model(self) -> Values:
        """As the model has it."""
        return Values(values=self.any, excluded=self.excluded)


def _patterns(value: object) -> object:
    return value if isinstance(value, dict) else {"any": value}


Matching = Annotated[PatternsSpec, BeforeValidator(_patterns, json_schema_input_type=str | list[str] | PatternsSpec)]


def _values(spec: PatternsSpec | None) -> Values:
    return spec.model() if spec is not None else Values()


class SourceSpec(Spec):
    """Who asks; everything that is given must hold."""

    accounts: Matching | None = Field(None, description="Service accounts: web, shop/web.")
    namespaces: Matching | None = Field(None, description="Namespaces of workloads.")
    principals: Matching | None = Field(None, description="Identities: cluster.local/ns/shop/sa/web.")
    trust_domains: Matching | None = Field(None, description="The first part of identities.")
    tokens: Matching | None = Field(None, description="Verified tokens: issuer/subject.")
    addresses: Matching | None = Field(None, description="Addresses (CIDR) of the other end of the connection.")
    clients: Matching | None = Field(None, description="Addresses (CIDR) of the client, as X-Forwarded-For tells.")

    def model(self) -> AccessSource:
        """As the model has it."""
        return AccessSource(
            principals=_values(self.principals),
            request_principals=_values(self.tokens),
            namespaces=_values(self.namespaces),
            service_accounts=_values(self.accounts),
            trust_domains=_values(self.trust_domains),
            ip_blocks=_values(self.addresses),
            remote_ip_blocks=_values(self.clients),
        )


class OperationSpec(Spec):
    """What is asked; everything that is given must hold."""

    hosts: Matching | None = Field(None, description="Host names.")
    ports: Matching | None = Field(None, description="Numbers of ports of the workload.")
    methods: Matching | None = Field(None, description="HTTP methods.")
    paths: Matching | None = Field(None, description="Paths; {*} is one segment, {**} any number of them.")

    def model(self) -> AccessOperation:
        """As the model has it."""
        return AccessOperation(
            hosts=_values(self.hosts),
            ports=_values(self.ports),
            methods=_values(self.methods),
            paths=_values(self.paths),
        )


class AccessRuleSpec(Spec):
    """Requests that the policy is about: any of from, any of to, and all of when."""

    sources: Annotated[tuple[SourceSpec, ...], Several()] = Field((), alias="from", description="Who asks.")
    operations: Annotated[tuple[OperationSpec, ...], Several()] = Field((), alias="to", description="What is asked.")
    when: dict[str, Matching] = Field(
        default_factory=dict, description="More conditions, such as request.headers[x-user]: jason."
    )


class AccessSpec(Selecting):
    """Who may call some workloads. With any that allows, only what one of them allows may pass."""

    action: Literal["allow", "deny", "audit", "ask"] = Field(
        "allow", description="What happens to requests that a rule matches; ask: an authorizer decides."
    )
    authorizer: Text | None = Field(None, description="With ask: who is asked, one of mesh.authorizers.")
    rules: Annotated[tuple[AccessRuleSpec, ...], Several()] = Field(
        (), description="Which requests; none if not given, so that allow without rules lets nobody in."
    )
    dry_run: bool = Field(False, description="Whether it only counts what it would have done.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.action == "ask") != (self.authorizer is not None):
            refuse("needs authorizer with action ask, and only then")
        return self


def read(part: Written) -> Fragment:
    """One policy."""
    spec = part.validated(AccessSpec)
    if spec is None or part.findings:
        return Fragment(findings=tuple(part.findings))
    name = part.document.key.name
    policy = AccessPolicy(
        name=name,
        origin=part.origin,
        selector=spec.selector,
        targets=spec.targets(name.namespace),
        action=AccessAction.CUSTOM if spec.action == "ask" else AccessAction(spec.action),
        rules=tuple(_rule(part, index, rule) for index, rule in enumerate(spec.rules)),
        provider=spec.authorizer or "",
        is_dry_run=spec.dry_run,
    )
    return Fragment(objects=(policy,))


def _rule(part: Written, index: int, spec: AccessRuleSpec) -> AccessRule:
    return AccessRule(
        origin=part.at("rules", index),
        sources=tuple(source.model() for source in spec.sources),
        operations=tuple(operation.model() for operation in spec.operations),
        conditions=tuple(AccessCondition(key=key, values=values.model()) for key, values in spec.when.items()),
    )


KIND = Kind(
    name="native/access",
    noun="access",
    section=("access",),
    shape=Shape.NAMED,
    schema=AccessSpec,
    read=read,
    is_policy=True,
)
