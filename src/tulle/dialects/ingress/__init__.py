"""Kubernetes' Ingress: hosts and paths of a gateway that everybody shares. One module per kind."""
