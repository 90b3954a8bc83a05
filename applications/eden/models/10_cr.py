"""Shelters."""

if settings.has_module("cr"):
    load(s3db, "cr")
