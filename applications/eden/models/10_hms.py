"""Hospitals."""

if settings.has_module("hms"):
    load(s3db, "hms")
