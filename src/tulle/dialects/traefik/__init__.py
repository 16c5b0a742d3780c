"""Configuration of Traefik: routers with their rules, middlewares and services."""
