"""Istio's MeshConfig, as it stands in the ConfigMap `istio` of the root namespace (key `mesh`)."""

from __future__ import annotations

import json
from dataclasses import replace

from tulle.dialects.istio.mesh_config_schema import Encoding, MeshConfig, Normalization, OutboundMode
from tulle.dialects.istio.mesh_providers import providers
from tulle.dialects.istio.selection import ROOT_NAMESPACE
from tulle.dialects.objects import validated
from tulle.dialects.written import Step, Written
from tulle.kit.located import LocatedMap
from tulle.kit.located_yaml import Malformed, parse
from tulle.model.documents import Document
from tulle.model.extensions import LogProvider, MeshDefaults, PathNormalization
from tulle.model.findings import Finding
from tulle.model.mesh import Fragment

NAME = "istio"
KEY = "mesh"
Path = tuple[Step, ...]
_NORMALIZATIONS = {
    Normalization.DEFAULT: None,
    Normalization.NONE: PathNormalization.NONE,
    Normalization.BASE: PathNormalization.BASE,
    Normalization.MERGE_SLASHES: PathNormalization.MERGE_SLASHES,
    Normalization.DECODE_AND_MERGE_SLASHES: PathNormalization.DECODE_AND_MERGE_SLASHES,
}


def is_mesh_config(part: Document) -> bool:
    """Whether a ConfigMap is Istio's: `istio`, or `istio-<revision>`, in the root namespace, with a key `mesh`."""
    name = part.key.name
    data = part.data.get("data")
    is_named = name.name == NAME or name.name.startswith(f"{NAME}-")
    return is_named and name.namespace == ROOT_NAMESPACE and isinstance(data, dict) and isinstance(data.get(KEY), str)


def read_config_map(part: Written) -> Fragment:
    """The MeshConfig in a ConfigMap of which `is_mesh_config` holds."""
    origin = part.at("data", KEY)
    text: str = part.value["data"][KEY]
    try:
        value = parse(text)
    except Malformed as error:
        line = replace(origin, offset=origin.offset + 1 + error.line)
        return Fragment(findings=(*part.findings, Finding.error(line, f"{part.subject}: {error.message}")))
    value = LocatedMap(0) if value is None else value
    if not isinstance(value, LocatedMap):
        finding = Finding.error(origin, f'{part.subject}: "data.{KEY}" must be a mapping, as text')
        return Fragment(findings=(*part.findings, finding))
    # The text stands below its key, as a block; written otherwise it is all in the line of the key.
    below = 1 + value.line if "\n" in text.strip() else 0
    inner = replace(part.document, origin=replace(origin, offset=origin.offset + below), data=value)
    written = Written(inner, f"MeshConfig {part.document.key.name.name}", (), part.findings)
    config = validated(written, MeshConfig)
    if config is None:
        return Fragment(findings=tuple(written.findings))
    return read_mesh_config(written, (), config)


def read_mesh_config(part: Written, path: Path, config: MeshConfig) -> Fragment:
    """What a MeshConfig means that was written at a path of a part."""
    found = tuple(providers(part, (*path, "extensionProviders"), config.extension_providers))
    proxies = config.default_config
    defaults = MeshDefaults(
        name=part.document.key.name,
        origin=part.at(*path),
        trust_domain=config.trust_domain or None,
        root_namespace=config.root_namespace or None,
        allow_outside=_allows_outside(config),
        access_log=_access_log(part, path, config),
        log_providers=config.default_providers.access_logging if config.default_providers else (),
        sidecar_concurrency=proxies.concurrency if proxies else None,
        trusted_proxies=proxies.gateway_topology.num_trusted_proxies if proxies and proxies.gateway_topology else None,
        path_normalization=_NORMALIZATIONS[config.path_normalization.normalization]
        if config.path_normalization
        else None,
    )
    return Fragment(objects=(defaults, *found), findings=tuple(part.findings))


def _allows_outside(config: MeshConfig) -> bool | None:
    policy = config.outbound_traffic_policy
    return None if policy is None else policy.mode is not OutboundMode.REGISTRY_ONLY


def _access_log(part: Written, path: Path, config: MeshConfig) -> LogProvider | None:
    """Where every request is logged."""
    if config.access_log_file is None:
        return None
    text, labels = config.access_log_format, ""
    if config.access_log_encoding is Encoding.JSON and text:
        text, labels = "", _labels(part, path, text)
    elif config.access_log_encoding is Encoding.JSON:
        labels = "{}"
    origin = part.at(*path, "accessLogFile")
    return LogProvider(name="", origin=origin, file=config.access_log_file, text=text, labels=labels)


def _labels(part: Written, path: Path, text: str) -> str:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        part.error((*path, "accessLogFormat"), "must be a JSON mapping, because accessLogEncoding is JSON")
    return json.dumps(found, sort_keys=True)
