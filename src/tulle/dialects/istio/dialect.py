"""The dialect of Istio's kinds."""

from tulle.dialects.objects import ObjectDialect

DIALECT = ObjectDialect(
    name="istio",
    package="tulle.dialects.istio",
    groups=frozenset({"networking.istio.io", "security.istio.io", "telemetry.istio.io", "extensions.istio.io"}),
)
