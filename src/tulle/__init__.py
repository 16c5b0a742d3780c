"""Tulle: the service mesh and edge gateway that you pip install."""
