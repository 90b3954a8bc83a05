"""Staff and volunteers."""

if settings.has_module("hrm"):
    load(s3db, "hrm")
