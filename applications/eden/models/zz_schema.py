"""The last model but one: all tables are declared; if this request migrated the database, that is finished now."""

if schema_gate.migrating:
    from s3.auth import create_roles

    create_roles(db)
    schema_gate.close(db)
