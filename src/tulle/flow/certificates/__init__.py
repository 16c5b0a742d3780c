"""Certificates from authorities: which are wanted, when they are got, and how control planes share them."""
