"""Runs inside the application: tells what the site holds and says, and what is left of its work.

Arguments: the tables.
"""

import json
import os
import sys
from datetime import datetime, timedelta

from applications.eden.modules.s3.database.site_digest import describe
from applications.eden.modules.s3sync.monitoring.status import statuses

UPLOADS = os.path.join(request.folder, "uploads")
#: A task that began so long ago and is still running is stuck: there is little to do in each.
LONG_AGO = datetime.utcnow() - timedelta(seconds=120)


def tasks(query):
    """Return how the tasks of a query stand."""
    return [f"{row.task_name} is {row.status}" for row in db(query).select()]


def run(row):
    """Return how far the last run of a repository is."""
    if row is None:
        return "never ran"
    ended = (
        f"ended {row.finished_on}: {row.message}" if row.finished_on else f"{row.stage} {row.resource_name}"
    )
    return f"{row.state.value}, began {row.started_on}, {ended}"


task, deferred = db.scheduler_task, db.sync_deferred


def wait(row):
    """Return what a record waits for, and when it is asked for again."""
    again = f"asked for {row.attempts} times, again from {row.retry_on}" if not row.target else "a reference"
    return f"{row.tablename} {row.record_id} {row.fieldname}: {row.uuid}, {again}, since {row.created_on}"


found = statuses(current.sync_site)
state = {
    "says": {each.name: (each.state.condition.value, each.state.reason.value) for each in found},
    "runs": {each.name: run(each.run) for each in found},
    "contents": {name: describe(s3db, name, UPLOADS, with_times=True) for name in sys.argv[1:]},
    "leases": [row.owner for row in db(db.sync_lease).select()],
    "stuck": tasks((task.status == "RUNNING") & (task.last_run_time < LONG_AGO)),
    "given up": tasks(task.status.belongs(("FAILED", "TIMEOUT", "STOPPED", "EXPIRED"))),
    "waiting": [wait(row) for row in db(deferred).select()],
    "rejected": db((db.sync_kept.state == "open") & (db.sync_kept.kind == "rejected")).count(),
}
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(state, output, default=str)
