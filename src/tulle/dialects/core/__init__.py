"""Kubernetes' own kinds, as far as traffic needs them: services, endpoints, secrets, namespaces, templates of pods."""
