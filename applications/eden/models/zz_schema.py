"""The last model but one: all tables are declared; if this request migrated the database, that is finished now."""

_migrated = schema_gate.migrating
if _migrated:
    from s3.auth import create_roles

    create_roles(db)
    schema_gate.close(db)
# a worker puts back what was lost meanwhile
if settings.has_module("sync") and (_migrated or request.is_scheduler):
    from s3sync import upkeep

    upkeep.schedule(db, request.application)
