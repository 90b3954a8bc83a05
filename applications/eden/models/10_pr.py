"""Persons."""

load(s3db, "pr")
