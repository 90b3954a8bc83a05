"""Documents and photos."""

if settings.has_module("doc"):
    load(s3db, "doc")
