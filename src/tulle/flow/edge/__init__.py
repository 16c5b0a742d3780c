"""Routers, steps, services and entry points joined: what the gateway is to do at its edge."""
