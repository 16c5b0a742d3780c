"""Thin adapters to systems of other people; only they import the libraries that speak with those."""
