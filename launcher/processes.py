"""One supervised process: in its own process group, restarted when it dies, stopped without leaving orphans."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

DIE_WITH_PARENT = "EDEN_DIE_WITH_PARENT"
PR_SET_PDEATHSIG = 1

LOG_BYTES = 5_000_000
OLD_LOGS = 3

# After each page of records glibc returns memory to the system, and asks for it again for the next page: that is a
# tenth of an import's time. Values in the environment win; other C libraries ignore these variables.
KEEP_MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": str(128 << 20),
    "MALLOC_TOP_PAD_": str(16 << 20),
}

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
SETTLED_AFTER = 60.0


def die_with_parent_if_asked() -> None:
    """End this process when the one that started it is killed. A supervised process calls this first.

    The environment names the parent, so that a parent which died before this call is noticed as well.
    Only Linux can do this; elsewhere the processes outlive a supervisor that was killed with SIGKILL.
    """
    parent = os.environ.get(DIE_WITH_PARENT)
    if parent is None or os.environ.get(DIE_WITH_PARENT + "_PID") not in (None, str(os.getpid())):
        return
    # For this process after it has replaced itself by another Python; its children ignore it.
    os.environ[DIE_WITH_PARENT + "_PID"] = str(os.getpid())
    signal_at_parents_death(signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit(1)


def become_a_task() -> None:
    """Prepare a worker's task process: it dies with the worker, and SIGTERM ends it by an exception."""
    worker = multiprocessing.parent_process()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    signal_at_parents_death(signal.SIGKILL)
    if worker is not None and os.getppid() != worker.pid:
        sys.exit(1)


def signal_at_parents_death(number: int) -> None:
    """Ask the kernel to send this process a signal when its parent dies (prctl(2), Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


class Service:
    """A process that runs as long as its supervisor.

    Args:
        name: its name in messages.
        command: program and arguments.
        folder: its working directory.
        log: where its output goes. A file of LOG_BYTES or more is rotated to ``.1``, ``.2`` ...
        other_logs: files that the process writes itself, rotated in the same way.
    """

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, log: Path, other_logs: Sequence[Path] = ()
    ) -> None:
        self.name = name
        self.command = list(command)
        self.folder = folder
        self.log = log
        self.other_logs = tuple(other_logs)
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.pause = FIRST_PAUSE
        self.due_at: float | None = None

    def start(self) -> None:
        """Start the process in its own session, so that Ctrl-C reaches only the supervisor."""
        environment = {
            **KEEP_MEMORY,
            **os.environ,
            DIE_WITH_PARENT: str(os.getpid()),
            "PYTHONUNBUFFERED": "1",
        }
        # Logs name accounts and addresses, and what the process writes is for nobody else either.
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,
            )
        self.started_at = time.monotonic()
        self.due_at = None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process is not None else None

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def look_after(self) -> str | None:
        """Restart the process if it died and its pause is over; return a message about what happened."""
        for log in (self.log, *self.other_logs):
            rotate(log)
        if self.is_running():
            return None
        now = time.monotonic()
        if self.due_at is None:
            if now - self.started_at > SETTLED_AFTER:
                self.pause = FIRST_PAUSE
            self.due_at = now + self.pause
            self.pause = min(self.pause * 2, LONGEST_PAUSE)
            self.kill_group()
            status = self.process.returncode if self.process is not None else None
            return f"The {self.name} ended ({exit_text(status)}); it is started again. Its log: {self.log}"
        if now >= self.due_at:
            self.start()
            return f"The {self.name} is running again (process {self.pid})."
        return None

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGTERM)

    def wait_until(self, deadline: float) -> bool:
        """Wait for the end of the process until a monotonic time in seconds; return whether it has ended."""
        if self.process is None:
            return True
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill_group(self) -> None:
        """Kill what is left of the process and of those it started."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def stop_all(services: Sequence[Service], patience: float = 15.0) -> None:
    """Stop services together: SIGTERM to all, time to finish, then SIGKILL.

    Args:
        services: the services.
        patience: seconds until a service that has not ended is killed.
    """
    for service in services:
        service.ask_to_stop()
    deadline = time.monotonic() + patience
    for service in services:
        service.wait_until(deadline)
    for service in services:
        service.kill_group()


def rotate(log: Path) -> None:
    """Rotate a log file that is too large. It is emptied in place: the process that writes it has it open."""
    if not log.exists() or log.stat().st_size < LOG_BYTES:
        return
    for number in range(OLD_LOGS - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            os.replace(older, log.with_name(f"{log.name}.{number + 1}"))
    fresh = log.with_name(f"{log.name}.1")
    os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT, 0o600))
    shutil.copyfile(log, fresh)
    os.truncate(log, 0)


def exit_text(status: int | None) -> str:
    if status is None:
        return "it never started"
    if status < 0:
        return f"by signal {signal.Signals(-status).name}"
    return f"exit status {status}"
