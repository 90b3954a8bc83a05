"""The scheduler. The models that follow add the functions that its worker can run."""

from s3.scheduler import WatchingScheduler

tasks = {}
# Times are UTC, as everywhere in the database. The heartbeat (seconds) is short for people who wait.
# Tasks run in fresh processes: one forked while the heartbeat writes inherits SQLite's lock for ever.
scheduler = WatchingScheduler(
    db,
    tasks,
    migrate=bool(schema_gate.migrating),
    heartbeat=2,
    utc_time=True,
    use_spawn=True,
)
# What else a worker looks for; the models that follow add to it.
current.scheduler_watches = scheduler.watches
