"""The last model but one: a worker schedules the cleanup again, should its task be missing."""

if settings.has_module("sync") and request.is_scheduler:
    from s3sync.worker import cleanup as cleanup

    cleanup.schedule(current.sync_site)
