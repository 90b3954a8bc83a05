"""Runs inside the application: synchronises a repository, also if the run fails; returns what it ended with."""

import json
import os
import sys

from applications.eden.modules.s3sync.core.errors import SyncError
from applications.eden.modules.s3sync.worker import synchronise as jobs

arguments = json.loads(sys.argv[-1])
try:
    told = str(jobs.synchronize(arguments["repository"], manual=True)["message"])
except SyncError as error:
    told = error.explain()
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(told, output)
