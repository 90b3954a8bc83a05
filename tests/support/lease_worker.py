"""A worker that wants one repository again and again, as a process of its own that a test may kill.

python -m tests.support.lease_worker <URI> <folder> <schema> <name of its computer> <stale after> <seconds>

While it holds the lease its process id stands in the file ``held``. Whoever finds the id of a living process there
says so in the file ``violations``: two held the lease at once.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from uuid import uuid4

from s3sync.core.clock import SystemClock
from s3sync.core.errors import AlreadyRunning, StoreBusy
from s3sync.database.store import open_store
from s3sync.database.tables import define as define
from s3sync.scheduler.lease import Lease
from tests.support.databases import connect_again

REPOSITORY = 1
BEAT = 0.25


def alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    return True


def main(uri: str, folder: str, schema: str, computer: str, stale_after: str, seconds: str) -> None:
    place = Path(folder)

    def connect() -> object:
        return connect_again(uri, place, schema)

    db = connect()
    clock = SystemClock()
    define.define(db, clock)
    store = open_store(db)
    deadline = time.monotonic() + float(seconds)
    while time.monotonic() < deadline:
        owner = f"{computer}#{os.getpid()}#{uuid4().hex[:8]}"
        lease = Lease(db, store.aside, clock, REPOSITORY, float(stale_after), owner)
        try:
            lease.acquire()
        except (AlreadyRunning, StoreBusy):
            db.commit()
            time.sleep(0.02)
            continue
        with lease.heartbeat(connect, BEAT):
            held = place / "held"
            if held.exists() and alive(held.read_text()):
                with (place / "violations").open("a") as file:
                    file.write(f"{os.getpid()} found {held.read_text()}\n")
            held.write_text(str(os.getpid()))
            with (place / "turns").open("a") as file:
                file.write(f"{os.getpid()} {time.time()}\n")
            time.sleep(0.15)
            held.write_text("")
        lease.release()
        db.commit()
        time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])
