"""Runs inside the application, as one of several workers: synchronises repositories until none is left.

Returns when it began and ended (seconds of the machine's clock) and which repositories it synchronised.
"""

import json
import os
import sys
import time

from applications.eden.modules.s3sync.worker import synchronise as jobs

arguments = json.loads(sys.argv[-1])
while time.time() < arguments["start"]:
    time.sleep(0.01)
began = time.time()
done = []
for repository in arguments["repositories"]:
    try:
        # The worker that creates the file first takes the repository.
        os.close(os.open(f"{arguments['claims']}/{repository}", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        continue
    done.append([repository, jobs.synchronize(repository, manual=True)["message"]])
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump({"began": began, "ended": time.time(), "done": done}, output)
