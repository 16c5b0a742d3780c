"""The dialect of Gateway API."""

from tulle.dialects.objects import ObjectDialect

GROUP = "gateway.networking.k8s.io"
EXPERIMENTAL = "gateway.networking.x-k8s.io"
DIALECT = ObjectDialect(
    name="gateway-api", package="tulle.dialects.gateway_api", groups=frozenset({GROUP, EXPERIMENTAL})
)
