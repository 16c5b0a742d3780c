"""Traefik: its static and dynamic configuration, versions 2 and 3."""
