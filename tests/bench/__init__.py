"""Benchmarks: the product through its real path, beside a floor in the same run."""
