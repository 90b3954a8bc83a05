"""Organisations and their sites."""

load(s3db, "org")
