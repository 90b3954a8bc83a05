"""Runs inside the application: puts a repository on a schedule that says "as soon as something changes", and waits
until the worker listens there.
"""

import json
import os
import sys
import time
from datetime import timedelta

from gluon import current

from applications.eden.modules.s3sync.scheduler import jobs

arguments = json.loads(sys.argv[-1])
site, key = current.sync_site, arguments["repository"]
if not jobs.jobs_of(db, key):
    tomorrow = site.clock.now() + timedelta(days=1)
    jobs.add_job(site, key, None, period=86400, timeout=600, start=tomorrow, after_change=1)
    db.commit()
ends = time.time() + arguments["within"]
while site.repository(key).settings.get("listening") != "listens":
    db.commit()
    if time.time() > ends:
        raise RuntimeError("The worker does not listen")
    time.sleep(0.2)
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(None, output)
