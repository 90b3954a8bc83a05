"""Events and incidents."""

if settings.has_module("event"):
    load(s3db, "event")
