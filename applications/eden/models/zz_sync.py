"""The last word on synchronisation: a worker puts back what was lost of the schedule."""

if settings.has_module("sync") and request.is_scheduler:
    from s3sync.worker import cleanup

    cleanup.schedule(db, request.application)
