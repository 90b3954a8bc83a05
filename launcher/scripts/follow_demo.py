"""Runs inside the application: reports the progress of a repository's next run, one JSON object a line.

Arguments: the repository's id, the id of its last run so far, and how many seconds to wait for the end of the
next one.
"""

import json
import sys
import time

repository_id, last_run, patience = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
runs = db.sync_run
deadline = time.monotonic() + patience
told = None
while time.monotonic() < deadline:
    # Ends the read transaction: within one, a database shows nothing new.
    db.commit()
    new = (runs.repository_id == repository_id) & (runs.id > last_run)
    run = db(new).select(orderby=runs.id, limitby=(0, 1)).first()
    if run is not None:
        place = (run.stage, run.resource_name)
        if place != told and run.resource_name and run.state == "running":
            told = place
            print(json.dumps({"progress": f"{run.resource_name}: {run.stage}"}), flush=True)
        if run.state != "running":
            print(json.dumps({"state": run.state, "message": run.message or ""}), flush=True)
            break
    time.sleep(0.1)
