"""What faults cost: writers that want the same records, and a worker that is killed in the middle of a run."""

from __future__ import annotations

import contextlib
import http.server
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Callable

import requests

from launcher.processes import Service, stop_all
from launcher.supervisor import worker_service

from .sites import ADMINISTRATOR, PYTHON, Site
from .table import Row

#: Writers at once, the records that they all want, and how many of these each request changes.
ORGANISATION = "org_organisation"
WRITERS, RECORDS, CHANGED = 11, 30, 10
WORKERS, KILLS = 4, 7
#: Seconds to wait for what has to happen.
PATIENCE = 120.0


def measure_faults(
    site: Callable[..., AbstractContextManager[Site]],
    fill: Callable[..., None],
    folder: Path,
    seconds: int,
) -> Iterator[Row]:
    """Measure both.

    Args:
        site: makes a site.
        fill: fills a site with organisations.
        folder: not used.
        seconds: how long the writers write.
    """
    with site("contended") as contended:
        fill(contended, RECORDS)
        yield from _contention(contended, seconds)
    with site("taken-over") as busy:
        yield from _take_over(busy)


# --- writers that want the same records ------------------------------------------------------------------


def _contention(site: Site, seconds: int) -> Iterator[Row]:
    uuids = _uuids(site)
    told: Counter[int] = Counter()
    took: list[float] = []
    end = time.monotonic() + seconds

    def write(number: int) -> None:
        chance = random.Random(number)
        with requests.Session() as session:
            session.auth = (ADMINISTRATOR.email, ADMINISTRATOR.password)
            while time.monotonic() < end:
                began = time.monotonic()
                answer = session.post(
                    f"{site.url}/org/organisation.xml",
                    data=_document(chance.sample(uuids, CHANGED), chance.random()),
                    headers={"Content-Type": "text/xml"},
                    timeout=PATIENCE,
                )
                took.append(time.monotonic() - began)
                told[answer.status_code] += 1

    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(write, number) for number in range(WRITERS)]:
            done.result()
    what = f"{WRITERS} writers of {CHANGED} of {RECORDS} records"
    yield Row(f"{what}, requests", sum(told.values()), "")
    for status, count in sorted(told.items()):
        yield Row(f"{what}, answered {status}", count, "")
    yield Row(f"{what}, longest answer", max(took), "s")


def _uuids(site: Site) -> list[str]:
    answer = requests.get(
        f"{site.url}/org/organisation.xml",
        auth=(ADMINISTRATOR.email, ADMINISTRATOR.password),
        timeout=PATIENCE,
    )
    found = [
        part.split('"', 1)[0] for part in answer.text.split('<resource name="org_organisation" uuid="')[1:]
    ]
    if len(found) != RECORDS:
        raise RuntimeError(f"{len(found)} records, and {RECORDS} were to be there")
    return found


def _document(uuids: list[str], value: float) -> str:
    records = "".join(
        f'<resource name="{ORGANISATION}" uuid="{uuid}"><data field="comments">{value}</data></resource>'
        for uuid in uuids
    )
    return f"<s3xml>{records}</s3xml>"


# --- a worker that is killed -----------------------------------------------------------------------------


class Silent:
    """A site that notes each request, and never answers one."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._new = threading.Condition()

    def note(self) -> None:
        with self._new:
            self.asked.append(time.monotonic())
            self._new.notify_all()

    def wait_for_more(self, than: int) -> float:
        """Wait until it was asked more often; return when it was (monotonic seconds).

        Raises:
            RuntimeError: nobody asks.
        """
        with self._new:
            if not self._new.wait_for(lambda: len(self.asked) > than, PATIENCE):
                raise RuntimeError(f"nobody asked within {PATIENCE:.0f} seconds")
            return self.asked[than]


@contextlib.contextmanager
def _silent_site() -> Iterator[tuple[str, Silent]]:
    """Serve; yield the site's address and what is asked."""
    found, ended = Silent(), threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.note()
            ended.wait(PATIENCE)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/eden", found
    finally:
        ended.set()
        server.shutdown()
        server.server_close()


def _take_over(site: Site) -> Iterator[Row]:
    """Kill the worker whose task has begun, with that task, and see when the repository is asked again."""
    others = [worker_service(PYTHON, site.home) for _ in range(WORKERS - 1)]
    with contextlib.ExitStack() as stack:
        address, silent = stack.enter_context(_silent_site())
        keys = site.script("befriend", urls=[address], tables=[ORGANISATION])
        for other in others:
            other.start()
            stack.callback(stop_all, [other])
        site.script("job", repositories=keys)
        silent.wait_for_more(0)
        waits = []
        for _ in range(KILLS):
            before = len(silent.asked)
            holder = _holder([site.worker, *others])
            killed = time.monotonic()
            os.kill(holder.pid or 0, signal.SIGKILL)
            # A supervisor does that; until then a killed process stays in the table of processes.
            while holder.is_running():
                time.sleep(0.05)
            waits.append(silent.wait_for_more(before) - killed)
            stop_all([holder])
            holder.start()
    waits.sort()
    what = f"a worker of {WORKERS} is killed in a run, until its repository is asked again"
    yield Row(f"{what}, median of {KILLS}", waits[len(waits) // 2], "s", None, 10.0, False)
    yield Row(f"{what}, longest", waits[-1], "s")


def _holder(workers: Sequence[Service]) -> Service:
    """Return the worker that has a task under way: a task is a child of its worker.

    Raises:
        RuntimeError: none has.
    """
    for worker in workers:
        children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
        if children.is_file() and children.read_text().split():
            return worker
    raise RuntimeError("no worker has a task under way")
