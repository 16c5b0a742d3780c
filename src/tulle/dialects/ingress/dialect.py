"""The dialect of Ingress and IngressClass."""

from tulle.dialects.objects import ObjectDialect

DIALECT = ObjectDialect(name="ingress", package="tulle.dialects.ingress")
