"""The dialect of Istio: traffic, security, telemetry and extensions, one module a kind."""
