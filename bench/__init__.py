"""Benchmarks: Tulle beside its peers, in the same minutes on the same machine. Ratios travel, figures do not."""
