"""The last model but two: all tables are declared. Finishes the migration, if this request makes one.

A worker schedules the upkeep again, should its task be missing.
"""

from s3 import upkeep as upkeep

if schema_gate.migrating:
    from s3.users.auth import create_roles

    create_roles(db)
    if settings.has_module("sync"):
        from s3sync.database.tables import indices as sync_model
        from s3sync.worker import cleanup as cleanup

        sync_model.prepare(db, current.sync_site.schema)
        current.sync_site.config()
    schema_gate.close(db)
    if settings.has_module("sync"):
        cleanup.schedule(current.sync_site)
    upkeep.schedule(db, request.application)
elif request.is_scheduler:
    upkeep.schedule(db, request.application)
