"""Reproducible measurements of whole sites, each beside what parser and database can do at all."""
