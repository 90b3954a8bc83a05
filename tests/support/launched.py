"""A small application in a copied checkout, started by its launcher, and what is seen of it from outside."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from launcher.places import CHECKOUT

LINUX = sys.platform == "linux"
MODEL = """
from gluon.scheduler import Scheduler

from gluon.contrib.appconfig import AppConfig

db = DAL(AppConfig(reload=True).get("db.uri"), driver_args={"timeout": 30})
db.executesql("PRAGMA journal_mode=WAL")
db.define_table("thing", Field("name"))

def linger(seconds):
    import time
    # Ends the read transaction of the models, from which a writer cannot start when another was faster.
    db.commit()
    db.thing.insert(name="begun")
    db.commit()
    time.sleep(seconds)

scheduler = Scheduler(db, tasks=dict(linger=linger), heartbeat=1)
"""
SETUP = """
def prepare(environment, email, password):
    db = environment["db"]
    created = db(db.thing.name == email).isempty()
    if created:
        db.thing.insert(name=email)
    db.thing.insert(name="prepared")
    return {"created_admin": created}

def has_administrator(environment):
    db = environment["db"]
    return not db(db.thing).isempty()

def is_administrator(environment, email, password):
    db = environment["db"]
    return not db(db.thing.name == email).isempty()
"""
CONTROLLER = """
def index():
    return "things: %d" % db(db.thing).count()
"""
TELL = """
import json, os
answer = dict(
    tasks=[row.status for row in db(db.scheduler_task).select()],
    runs=[row.traceback for row in db(db.scheduler_run).select()],
    workers=[row.worker_name for row in db(db.scheduler_worker).select()],
    things=[row.name for row in db(db.thing).select()],
    folder=request.folder,
)
with open(os.environ["EDEN_RESULT"], "w") as output:
    json.dump(answer, output)
"""


def run_command(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """``./run`` until it ends by itself."""
    return subprocess.run(
        [str(root / "run"), *arguments],
        env={**os.environ, "EDEN_PYTHON": sys.executable, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
    )


@contextlib.contextmanager
def site(root: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``./run`` while it runs; yields the process and what it printed until it was ready."""
    process = subprocess.Popen(
        [str(root / "run"), *arguments],
        env={**os.environ, "EDEN_PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        printed = ""
        while "Stop with Ctrl-C" not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        yield process, printed
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        process.stdout.close()


def page(port: int) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/eden", timeout=10) as reply:
        return reply.read().decode()


def processes_of(home: Path) -> dict[str, list[int]]:
    """The process numbers of a site's web servers, workers and tasks, from the system's table."""
    found: dict[str, list[int]] = {"web": [], "worker": [], "task": []}
    listing = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,pgid=,stat=,args="], capture_output=True, text=True, check=True
    )
    lines = [line.split(None, 3) for line in listing.stdout.splitlines()]
    living = [(int(pid), int(group), command) for pid, group, state, command in lines if state[0] != "Z"]
    groups = set()
    for pid, group, command in living:
        if f"-f {home} " in command:
            found["worker" if " -K eden" in command else "web"].append(pid)
            groups.add(group)
    found["task"] = [pid for pid, group, command in living if group in groups and "spawn_main" in command]
    return found


def serving(home: Path) -> bool:
    found = processes_of(home)
    return bool(found["web"] and found["worker"])


def eventually(check, seconds: float = 15.0):
    """The first true value of a check within some seconds; fails when there is none."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            value = check()
            if value:
                return value
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} seconds")


def ask_site(root: Path, home: Path, script: str = TELL) -> dict[str, list[str]]:
    """Runs a script in the site through the web2py.py of its instance folder."""
    file = home / "script.py"
    file.write_text(script)
    result = home / "result.json"
    subprocess.run(
        [sys.executable, "web2py.py", "-S", "eden", "-M", "--no_banner", "-R", "script.py"],
        cwd=home,
        env={**os.environ, "EDEN_RESULT": str(result)},
        stdin=subprocess.DEVNULL,
        check=True,
        timeout=60,
    )
    return json.loads(result.read_text()) if result.exists() else {}


def things(home: Path) -> list[str]:
    """What the small application has noted so far, read past web2py."""
    database = home / "applications" / "eden" / "databases" / "storage.sqlite"
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM thing")]


def snapshot(home: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file of a site that a start without changes must leave alone."""
    transient = re.compile(
        r"logs/|run\.lock|httpserver|parameters_|databases/|sessions/|__pycache__|script|result"
    )
    return {
        str(path.relative_to(home)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in sorted(home.rglob("*"))
        if not path.is_dir() and not transient.search(str(path.relative_to(home)))
    }


def make_checkout(folder: Path) -> Path:
    """A checkout with the launcher and a small application; it shares the environment of the real one."""
    root = folder / "checkout"
    root.mkdir()
    for name in ("run", "web2py.py", *(path.name for path in CHECKOUT.glob("requirements*.txt"))):
        shutil.copy2(CHECKOUT / name, root / name)
    shutil.copytree(CHECKOUT / "launcher", root / "launcher", ignore=shutil.ignore_patterns("__pycache__"))
    (root / ".venv").symlink_to(CHECKOUT / ".venv")
    application = root / "applications" / "eden"
    for folder in ("controllers", "languages", "models", "modules/s3db", "static", "views"):
        (application / folder).mkdir(parents=True)
    for package in (application, application / "modules", application / "modules" / "s3db"):
        (package / "__init__.py").touch()
    # The web server looks at requests before the application does.
    (application / "modules" / "s3sync").symlink_to(CHECKOUT / "applications" / "eden" / "modules" / "s3sync")
    (application / "models" / "db.py").write_text(MODEL)
    (application / "controllers" / "default.py").write_text(CONTROLLER)
    (application / "modules" / "s3db" / "setup.py").write_text(SETUP)
    return root
