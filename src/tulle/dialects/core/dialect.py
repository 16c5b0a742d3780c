"""The dialect of Kubernetes' own kinds."""

from tulle.dialects.objects import ObjectDialect

DIALECT = ObjectDialect(
    name="core", package="tulle.dialects.core", groups=frozenset({"", "apps", "batch", "discovery.k8s.io"})
)
