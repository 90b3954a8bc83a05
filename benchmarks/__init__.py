"""Reproducible benchmarks of whole sites, each beside the fastest that parser and database can do."""
