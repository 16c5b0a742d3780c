"""Beside the Envoys, one per host: starts, feeds and supervises them, keeps their keys, runs what is assigned."""
