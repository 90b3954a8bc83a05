"""Runs inside the application: a worker in a hurry, which synchronises a repository again and again.

Arguments: the repository's id, and how many seconds. Tells how each run ended.
"""

import json
import sys
import time

from applications.eden.modules.s3sync.core.errors import SyncError
from applications.eden.modules.s3sync.worker import synchronise

repository_id, seconds = int(sys.argv[1]), float(sys.argv[2])
deadline = time.monotonic() + seconds
while time.monotonic() < deadline:
    try:
        ended = synchronise.synchronize(repository_id)["state"]
    except SyncError as error:
        ended = error.code
        db.rollback()
    print(json.dumps({"ended": ended}), flush=True)
    time.sleep(0.3)
