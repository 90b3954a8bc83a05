"""Runs inside the application, like the scheduler's worker: synchronises a repository, several times if asked.

Returns for each run its seconds, its result, and the peak memory of this process.
"""

import json
import os
import resource
import sys
import time

from applications.eden.modules.s3sync.worker import synchronise as jobs

arguments = json.loads(sys.argv[-1])
runs = []
for _ in range(arguments.get("times", 1)):
    began = time.perf_counter()
    told = jobs.synchronize(arguments["repository"], manual=True)
    runs.append(
        {
            "seconds": time.perf_counter() - began,
            "message": told["message"],
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
    )
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(runs, output)
