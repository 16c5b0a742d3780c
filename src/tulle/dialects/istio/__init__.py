"""Istio's kinds: routing, services outside, security, telemetry, and changes to Envoy's own configuration."""
