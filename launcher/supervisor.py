"""Runs a site: web server and worker, restarted when they die, stopped together."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Callable

from .configuration import SiteConfiguration
from .environment import tail
from .places import APPLICATION, CHECKOUT
from .preparation import web2py_command
from .problems import Problem
from .processes import Service, stop_all

TICK = 0.2
ANSWER_PATIENCE = 60.0

Report = Callable[[str], None]


class StopRequested(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


def web_service(python: Path, home: Path, configuration: SiteConfiguration) -> Service:
    address = [configuration.host, str(configuration.port)]
    return Service(
        "web server",
        [str(python), str(CHECKOUT / "launcher" / "__main__.py"), "serve", "-f", str(home), *address],
        home,
        home / "logs" / "web.log",
        [home / "logs" / "access.log"],
    )


def worker_service(python: Path, home: Path) -> Service:
    # No -Q, so that warnings and errors reach the log.
    return Service(
        "worker", web2py_command(python, home, "-K", APPLICATION), home, home / "logs" / "worker.log"
    )


@contextlib.contextmanager
def site_lock(home: Path, configuration: SiteConfiguration) -> Iterator[None]:
    """Keep a second supervisor away from the same instance folder.

    Raises:
        Problem: the site is running already.
    """
    path = home / "run.lock"
    handle = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise already_running(home, handle.read()) from None
        handle.seek(0)
        handle.truncate()
        json.dump({"pid": os.getpid(), "url": site_url(configuration)}, handle)
        handle.flush()
        yield
        handle.seek(0)
        handle.truncate()


def already_running(home: Path, text: str) -> Problem:
    with contextlib.suppress(ValueError, KeyError, TypeError):
        known = json.loads(text)
        return Problem(
            f"The site in {home} is running already (process {known['pid']}): {known['url']}",
            f"Stop it first: kill {known['pid']}. Or start another site beside it:\n"
            "  ./run --instance /path/to/another --port 8001",
        )
    return Problem(
        f"The site in {home} is being started or stopped by another ./run just now.",
        "Wait a moment and try again.",
    )


def site_url(configuration: SiteConfiguration) -> str:
    return f"{configuration.local_url}/{APPLICATION}"


STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def stop_on_signals() -> None:
    """Let SIGTERM, SIGINT and SIGHUP raise StopRequested from now on, once.

    A signal that was ignored when this process started (SIGHUP under nohup) stays ignored.
    """

    def request_stop(number: int, frame: FrameType | None) -> None:
        ignore_stop_signals()
        raise StopRequested

    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, request_stop)


def ignore_stop_signals() -> None:
    """Ignore further signals, so that they do not interrupt the stop."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def wait_for_answer(service: Service, url: str, patience: float = ANSWER_PATIENCE) -> None:
    """Wait until a web server answers.

    Args:
        service: the web server.
        url: the address to ask.
        patience: seconds to wait.

    Raises:
        Problem: the server ends, answers with an error 5xx, or does not answer in time.
    """
    deadline = time.monotonic() + patience
    # No proxy, whatever the environment says: the server is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline:
        if not service.is_running():
            raise Problem(
                f"The web server ended at its start:\n{tail(service.log)}",
                f"The whole output is in {service.log}.",
            )
        try:
            with opener.open(url, timeout=10):
                return
        except urllib.error.HTTPError as error:
            with error:
                if error.code < 500:
                    return
                raise Problem(
                    f"The site answers {url} with an error of its own ({error.code}).",
                    f"The newest file in {service.folder}/applications/{APPLICATION}/errors tells where.",
                ) from None
        except OSError:
            # Not listening yet.
            time.sleep(0.05)
    raise Problem(
        f"The web server did not answer at {url} within {patience:.0f} seconds.", f"Its log: {service.log}"
    )


@contextlib.contextmanager
def running(services: Sequence[Service]) -> Iterator[None]:
    """Start services, and stop all of them at the end, also after an error."""
    try:
        for service in services:
            service.start()
        yield
    finally:
        ignore_stop_signals()
        stop_all(services)


def watch(services: Sequence[Service], report: Report) -> None:
    """Restart services that die, until somebody asks to stop."""
    try:
        while True:
            look_after(services, report)
            time.sleep(TICK)
    except StopRequested:
        report("\nStopping ...")


def look_after(services: Sequence[Service], report: Report) -> None:
    for service in services:
        happened = service.look_after()
        if happened:
            report(happened)
