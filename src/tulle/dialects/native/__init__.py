"""The native language: services, routes, listeners and settings, as a person would type them."""
