"""The scheduler; what its worker can be asked to do is added by the models that follow."""

if settings.has_module("sync"):
    from gluon.scheduler import Scheduler

    tasks = {}
    # Times are UTC, as everywhere in the database; the heartbeat (seconds) is short for people who wait.
    # Fresh processes: one that is forked while the heartbeat writes inherits SQLite's lock for good.
    scheduler = Scheduler(
        db,
        tasks,
        migrate=bool(schema_gate.migrating),
        heartbeat=2,
        utc_time=True,
        use_spawn=True,
    )
