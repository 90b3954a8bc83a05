"""The scheduler. The models that follow add the functions that its worker can run."""

from gluon.scheduler import Scheduler

tasks = {}
# Times are UTC, as everywhere in the database. The heartbeat (seconds) is short for people who wait.
# Tasks run in fresh processes: one forked while the heartbeat writes inherits SQLite's lock for ever.
scheduler = Scheduler(
    db,
    tasks,
    migrate=bool(schema_gate.migrating),
    heartbeat=2,
    utc_time=True,
    use_spawn=True,
)
