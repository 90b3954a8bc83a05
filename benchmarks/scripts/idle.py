"""Runs inside the application: measures runs without changes, and the time that each end takes.

Returns the medians in seconds: run (all), own (without waiting for the other end), request (one request there).
"""

import contextlib
import json
import os
import statistics
import sys
import time

from applications.eden.modules.s3sync.transport import client as transport
from applications.eden.modules.s3sync.worker import synchronise as jobs

arguments = json.loads(sys.argv[-1])
waits = []
real = transport.Transport._ask


@contextlib.contextmanager
def timed_ask(*given, **named):
    """Time an exchange from the request to the end of its answer."""
    began = time.perf_counter()
    try:
        with real(*given, **named) as answer:
            yield answer
    finally:
        waits.append(time.perf_counter() - began)


transport.Transport._ask = timed_ask
runs, own, requests = [], [], []
for turn in range(12):
    waits.clear()
    began = time.perf_counter()
    jobs.synchronize(arguments["repository"], manual=False)
    seconds = time.perf_counter() - began
    if turn >= 2:
        runs.append(seconds)
        own.append(seconds - sum(waits))
        requests.extend(waits)
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(
        {
            "run": statistics.median(runs),
            "own": statistics.median(own),
            "request": statistics.median(requests),
            "requests": len(requests) / len(runs),
        },
        output,
    )
