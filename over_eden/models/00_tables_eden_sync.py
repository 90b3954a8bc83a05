"""Opens the pages of the synchronisation that decide themselves who gets what, before Eden checks rights."""

if request.controller == "sync" and settings.has_module("sync"):
    from s3sync.ui import program_requests as _program_requests

    auth.permission.unrestricted_pages += tuple(f"sync/{page}" for page in _program_requests.OWN_RULES)
