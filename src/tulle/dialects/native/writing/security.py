"""Policies that are said apart from what they are for: access, tokens, mutual TLS, scopes, logging."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tulle.dialects.native.writing import policies
from tulle.dialects.native.writing.plain import Data, changed, duration, kept, several, yes
from tulle.model.extensions import AccessLogging, Direction, Ingress, Scope, Telemetry
from tulle.model.security import (
    LISTENER,
    AccessAction,
    AccessOperation,
    AccessPolicy,
    AccessRule,
    AccessSource,
    PeerAuthentication,
    Target,
    TokenRule,
    Values,
)
from tulle.model.services import Protocol

Labels = tuple[tuple[str, str], ...]


def _chosen(selector: Labels, targets: Sequence[Target]) -> Data:
    services = [each.name.name for each in targets if each.kind == "Service"]
    listeners = [each.name.name for each in targets if each.kind == LISTENER]
    return kept(labels=dict(selector), services=several(services), listeners=several(listeners))


def access(given: AccessPolicy) -> Data:
    """Who may call."""
    action = "ask" if given.action is AccessAction.CUSTOM else str(given.action)
    return {
        **_chosen(given.selector, given.targets),
        **kept(
            action=changed(action, "allow"),
            authorizer=given.provider,
            rules=_rules(given.rules),
            dry_run=yes(given.is_dry_run),
        ),
    }


def _rules(given: Sequence[AccessRule]) -> object:
    """A list, even of one rule: it may be empty, which matches everything."""
    written = [_rule(each) for each in given]
    return written[0] if len(written) == 1 and written[0] else written


def _rule(given: AccessRule) -> Data:
    return kept(
        **{"from": several([_source(each) for each in given.sources])},
        to=several([_operation(each) for each in given.operations]),
        when={each.key: _values(each.values) for each in given.conditions},
    )


def _source(given: AccessSource) -> Data:
    return kept(
        accounts=_values(given.service_accounts),
        namespaces=_values(given.namespaces),
        principals=_values(given.principals),
        trust_domains=_values(given.trust_domains),
        tokens=_values(given.request_principals),
        addresses=_values(given.ip_blocks),
        clients=_values(given.remote_ip_blocks),
    )


def _operation(given: AccessOperation) -> Data:
    return kept(
        hosts=_values(given.hosts),
        ports=_values(given.ports),
        methods=_values(given.methods),
        paths=_values(given.paths),
    )


def _values(given: Values) -> object:
    if not given.excluded:
        return several(given.values)
    return kept(any=several(given.values), **{"not": several(given.excluded)})


def token(given: TokenRule, selector: Labels, targets: Sequence[Target]) -> Data:
    """Tokens of one issuer."""
    return {
        **_chosen(selector, targets),
        "issuer": given.issuer,
        **kept(
            audiences=several(given.audiences),
            jwks=keys(given.jwks),
            jwks_uri=given.jwks_uri,
            headers=dict(given.headers),
            parameters=several(given.parameters),
            cookies=several(given.cookies),
            payload_header=given.payload_header,
            claim_headers=dict(given.claim_headers),
            space_delimited_claims=several(given.space_delimited_claims),
            forward=yes(given.forwards_token),
            timeout=changed(duration(given.timeout), "5s"),
        ),
    }


def keys(text: str) -> object:
    """Keys as a mapping; what is none as it was."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def peers(given: PeerAuthentication) -> Data:
    """How workloads may be called."""
    return kept(
        labels=dict(given.selector),
        mode=str(given.mode) if given.mode is not None else None,
        ports={str(number): str(mode) for number, mode in sorted(given.port_modes)},
    )


def scope(given: Scope) -> Data:
    """What workloads see."""
    outside = None if given.is_registry_only is None else "known" if given.is_registry_only else "allow"
    hosts = None if given.hosts is None else [f"{space}/{host}" for space, host in given.hosts]
    return {
        **kept(labels=dict(given.selector)),
        **({} if hosts is None else {"hosts": several(hosts) or []}),
        **kept(
            outside=outside,
            ingress=several([_ingress(each) for each in given.ingress]),
            connections=policies.pool(given.inbound_pool) if given.inbound_pool is not None else None,
        ),
    }


def _ingress(given: Ingress) -> Data:
    protocol = changed(given.protocol.lower(), str(Protocol.HTTP))
    return {"port": given.port, **kept(protocol=protocol, application=given.application)}


def logging(given: Telemetry) -> Data:
    """Which requests are logged."""
    return {
        **_chosen(given.selector, given.targets),
        **kept(logs=several([_log(each) for each in given.access_logging])),
    }


def _log(given: AccessLogging) -> Data:
    return kept(
        requests=changed(str(given.direction), str(Direction.ANY)),
        enabled=False if given.is_disabled else None,
        to=several(given.providers),
        filter=given.filter,
    )
