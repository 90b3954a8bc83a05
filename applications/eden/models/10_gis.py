"""Locations."""

load(s3db, "gis")
