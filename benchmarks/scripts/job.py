"""Runs inside the application: lets a worker synchronise each of the repositories, again and again."""

import json
import os
import sys

from applications.eden.modules.s3sync.scheduler import queue as queue

arguments = json.loads(sys.argv[-1])
site = current.sync_site
for repository in arguments["repositories"]:
    queue.queue(
        site,
        "sync_synchronize",
        f"repository {repository}",
        {"repository_id": repository},
        timeout=600,
        period=5,
        **queue.FOR_EVER,
    )
db.commit()
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(None, output)
