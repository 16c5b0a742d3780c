"""Mesh to Envoy resources. Pure, and the only package that knows Envoy's protobufs."""
