"""Delivery: which bytes each proxy should have, has, accepted or refused. Knows names and bytes, not meshes."""
