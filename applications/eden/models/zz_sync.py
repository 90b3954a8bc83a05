"""The last model but one: the process learns which tables there are, for requests that only ask.

A worker schedules the cleanup again, should its task be missing.
"""

if settings.has_module("sync"):
    from s3sync.host import later_models as later_models

    if not schema_gate.migrating:
        later_models.know(request.folder, schema_gate.wanted, db.tables)
    if request.is_scheduler:
        from s3sync.worker import cleanup as cleanup

        cleanup.schedule(current.sync_site)
