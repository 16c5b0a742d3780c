"""Random documents of Istio and Gateway API, and the services and gateways that they speak of."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

SERVICES = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80}, {name: grpc, port: 9000}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec: {host: web, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {track: new}}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec:
  selector: {}
  servers:
    - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}
    - {port: {number: 8081, name: other, protocol: HTTP}, hosts: [api.example.org]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public, namespace: shop}
spec:
  gatewayClassName: tulle
  listeners:
    - {name: any, port: 9080, protocol: HTTP}
    - {name: one, port: 9080, protocol: HTTP, hostname: www.example.org}
---
namespace: shop
services:
  till: {port: 80, versions: {v1: {command: till}, v2: {select: {app: till, track: new}}}}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: far, namespace: shop}
spec:
  hosts: [far.example.org]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 10.0.0.9, labels: {version: v1}}]
"""


def texts(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping with any of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


def text_match(*values: str) -> st.SearchStrategy[dict[str, str]]:
    return st.one_of(*(st.fixed_dictionaries({kind: texts(*values)}) for kind in ("exact", "prefix", "regex")))


PATHS = ("/", "/a", "/b", "/a/b", "/carton")
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "request": some(set=st.just({"x-a": "1"}), remove=st.just(["x-b"])),
        "response": some(add=st.just({"x-c": "2"})),
    },
)
DESTINATION = st.one_of(
    st.builds(lambda port: {"host": "api", **port}, some(port=st.just({"number": 80}))),
    st.builds(lambda rest: {"host": "web", **rest}, some(subset=texts("v1", "v2"), port=st.just({"number": 80}))),
    st.builds(lambda rest: {"host": "till", **rest}, some(subset=texts("v1", "v2", "v3"))),
    st.just({"host": "far.example.org"}),
)
VIRTUAL_MATCH = some(
    uri=text_match(*PATHS),
    ignoreUriCase=st.booleans(),
    method=st.fixed_dictionaries({"exact": texts("GET", "POST")}),
    headers=st.dictionaries(texts("x-a", "x-b"), text_match("1", "2"), min_size=1, max_size=2),
    withoutHeaders=st.just({"x-c": {}}),
    queryParams=st.just({"debug": {"exact": "1"}}),
    sourceLabels=st.just({"app": "web"}),
    sourceNamespace=texts("shop", "default"),
    port=st.sampled_from((80, 9000, 8081)),
    authority=text_match("www.example.org"),
)
SENT_ON = some(
    rewrite=some(uri=texts("/", "/new"), authority=texts("inner.example.org")).filter(bool),
    timeout=texts("1s", "1.5s", "0s"),
    retries=some(attempts=st.integers(0, 3), retryOn=texts("5xx,503", "reset")).filter(lambda it: "attempts" in it),
    mirror=DESTINATION,
    mirrorPercentage=st.just({"value": 12.5}),
)
VIRTUAL_ACTION = st.one_of(
    st.builds(
        lambda routes, rest: {"route": [{"destination": each, "weight": 50} for each in routes], **rest},
        st.lists(DESTINATION, min_size=1, max_size=3, unique_by=str),
        SENT_ON,
    ),
    st.builds(lambda it: {"redirect": it}, some(uri=texts("/there"), authority=texts("a.example.org")).filter(bool)),
    st.just({"directResponse": {"status": 200, "body": {"string": "hello"}}}),
)
VIRTUAL_RULE = st.builds(
    lambda match, action, rest: {**action, **rest, **({"match": match} if match else {})},
    st.lists(VIRTUAL_MATCH, max_size=3),
    VIRTUAL_ACTION,
    some(
        headers=HEADERS,
        fault=st.just({"delay": {"fixedDelay": "1s", "percentage": {"value": 10}}, "abort": {"httpStatus": 503}}),
        corsPolicy=st.just({"allowOrigins": [{"exact": "*"}, {"prefix": "https://a."}], "maxAge": "1h"}),
    ),
)
VIRTUAL_SERVICE = st.builds(
    lambda hosts, gateways, rest, rules: {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "spec": {"hosts": hosts, "gateways": gateways, "http": rules, **rest},
    },
    st.lists(
        texts("web", "api", "till", "far.example.org", "www.example.org", "*.example.org", "api.example.org"),
        min_size=1,
        max_size=2,
        unique=True,
    ),
    st.lists(texts("mesh", "edge"), min_size=1, max_size=2, unique=True),
    some(exportTo=st.lists(texts(".", "default"), min_size=1, max_size=2, unique=True)),
    st.lists(VIRTUAL_RULE, min_size=1, max_size=3),
)
HTTP_MATCH = some(
    path=st.builds(
        lambda kind, value: {"type": kind, "value": value},
        texts("Exact", "PathPrefix", "RegularExpression"),
        texts(*PATHS),
    ),
    method=texts("GET", "POST"),
    headers=st.just([{"name": "x-a", "value": "1"}]),
    queryParams=st.just([{"name": "debug", "value": "1", "type": "RegularExpression"}]),
)
HTTP_FILTER = st.sampled_from(
    (
        {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-a", "value": "1"}]}},
        {"type": "URLRewrite", "urlRewrite": {"hostname": "inner.example.org"}},
        {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "api", "port": 80}, "percent": 10}},
    )
)
REDIRECT = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
HTTP_RULE = st.builds(
    lambda match, rest, action: {**({"matches": match} if match else {}), **rest, **action},
    st.lists(HTTP_MATCH, max_size=3),
    some(timeouts=st.just({"request": "1s"})),
    st.one_of(
        st.builds(
            lambda filters, weights: {
                "filters": filters,
                "backendRefs": [{"name": name, "port": 80, "weight": weight} for name, weight in weights.items()],
            },
            st.lists(HTTP_FILTER, max_size=2, unique_by=lambda it: it["type"]),
            st.dictionaries(texts("web", "api", "till", "gone"), st.integers(0, 9), max_size=2),
        ),
        st.just({"filters": [REDIRECT]}),
    ),
)
HTTP_ROUTE = st.builds(
    lambda hosts, parents, rules: {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "spec": {"hostnames": hosts, "parentRefs": parents, "rules": rules},
    },
    st.lists(texts("www.example.org", "*.example.org", "other.example.net"), max_size=2, unique=True),
    st.lists(
        st.sampled_from(
            (
                {"name": "public"},
                {"name": "public", "sectionName": "one"},
                {"kind": "Service", "group": "", "name": "web"},
            )
        ),
        min_size=1,
        max_size=2,
        unique_by=str,
    ),
    st.lists(HTTP_RULE, min_size=1, max_size=3),
)
