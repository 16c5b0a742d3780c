"""The dialect of Kubernetes' own kinds. It claims no group: a folder may hold kinds that say nothing about traffic."""

from tulle.dialects.objects import ObjectDialect

DIALECT = ObjectDialect(name="core", package="tulle.dialects.core")
