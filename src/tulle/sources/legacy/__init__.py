"""The configuration of Traefik 1, frontends and backends, as routers and services. Pure."""
