"""Measurements against peers and limits of the same run. `make bench` runs all and writes docs/performance.md."""
