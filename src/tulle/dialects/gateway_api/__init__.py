"""Gateway API (`gateway.networking.k8s.io`): gateways, routes of five kinds, grants, policies for TLS to backends."""
