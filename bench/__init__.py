"""Benchmarks: one command each, ratios against the bare library in the same run."""
