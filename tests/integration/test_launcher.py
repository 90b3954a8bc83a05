"""The launcher with a real web server and worker, on a small application of its own in a copied checkout."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from launcher.places import configuration_file
from launcher.processes import LOG_BYTES, rotate
from tests.support.launched import (
    LINUX,
    ask_site,
    eventually,
    make_checkout,
    page,
    processes_of,
    run_command,
    serving,
    site,
    snapshot,
    things,
)
from tests.support.ports import free_port

pytestmark = pytest.mark.integration


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return make_checkout(tmp_path)


def test_a_fresh_site_answers_survives_kills_and_stops(checkout: Path, tmp_path: Path) -> None:
    home, port = tmp_path / "site", free_port()
    with site(
        checkout,
        *("--instance", str(home), "--port", str(port), "--name", "North"),
        *("--admin-password", "s3cret-of-the-operator"),
    ) as (process, printed):
        assert "North is ready after" in printed
        assert "Password " not in printed
        told = [
            place.read_bytes()
            for number in (process.pid, *(each for some in processes_of(home).values() for each in some))
            for place in (Path(f"/proc/{number}/cmdline"),)
            if place.exists()
        ]
        assert not any(b"s3cret-of-the-operator" in each for each in told)
        assert "things: 2" in page(port)

        before = eventually(lambda: serving(home) and processes_of(home))
        os.kill(before["worker"][0], signal.SIGKILL)
        os.kill(before["web"][0], signal.SIGKILL)
        eventually(lambda: processes_of(home)["worker"] not in ([], before["worker"]))
        eventually(lambda: "things: 2" in page(port))
        assert processes_of(home)["web"] != before["web"]

        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert not any(processes_of(home).values())
    private = home / "applications" / "eden" / "private"
    assert private.stat().st_mode & 0o777 == 0o700
    assert (private / "appconfig.ini").stat().st_mode & 0o777 == 0o600
    logs = home / "logs"
    assert logs.stat().st_mode & 0o077 == 0
    assert all(each.stat().st_mode & 0o077 == 0 for each in logs.iterdir())
    assert "name = North" in (private / "appconfig.ini").read_text()


@pytest.mark.skipif(not LINUX, reason="only Linux ends processes with their parent")
def test_nothing_survives_a_killed_supervisor(checkout: Path, tmp_path: Path) -> None:
    home = tmp_path / "site"
    with site(checkout, "--instance", str(home), "--port", str(free_port())) as (process, printed):
        assert re.search(r"Password  \S{10,}", printed), "one that was made up is shown"
        eventually(lambda: serving(home))
        process.kill()
        process.wait(10)
        eventually(lambda: not any(processes_of(home).values()))


def test_a_second_start_prepares_nothing_and_changes_nothing(checkout: Path, tmp_path: Path) -> None:
    home, port = tmp_path / "site", free_port()
    first = run_command(checkout, "--instance", str(home), "--port", str(port), "--exit", "--no-worker")
    assert first.returncode == 0, first.stderr
    before = snapshot(home)
    second = run_command(checkout, "--instance", str(home), "--exit", "--no-worker")
    assert second.returncode == 0, second.stderr
    assert "Password" not in second.stdout
    assert f"127.0.0.1:{port}/eden" in second.stdout
    assert snapshot(home) == before
    assert ask_site(checkout, home)["things"].count("prepared") == 1


def test_changed_code_is_prepared_again_but_the_administrator_stays(checkout: Path, tmp_path: Path) -> None:
    home = tmp_path / "site"
    options = ("--instance", str(home), "--port", str(free_port()), "--exit", "--no-worker")
    variables = {"EDEN_ADMIN_EMAIL": "ada@example.org", "EDEN_ADMIN_PASSWORD": "given-by-the-environment"}
    first = run_command(checkout, *options, **variables)
    assert "Log in as ada@example.org" in first.stdout
    assert "Password" not in first.stdout
    with open(checkout / "applications" / "eden" / "models" / "db.py", "a") as model:
        model.write("db.define_table('other', Field('name'))\n")
    second = run_command(checkout, *options, **variables)
    assert second.returncode == 0, second.stderr
    assert "Log in as" not in second.stdout
    assert ask_site(checkout, home)["things"] == ["ada@example.org", "prepared", "prepared"]


def test_another_database_without_the_records_of_the_site_is_refused(checkout: Path, tmp_path: Path) -> None:
    home = tmp_path / "site"
    options = ("--instance", str(home), "--port", str(free_port()), "--exit", "--no-worker")
    assert run_command(checkout, *options).returncode == 0
    before = configuration_file(home).read_text()
    other = run_command(checkout, *options, "--database", "sqlite://other.sqlite")
    assert other.returncode == 1
    assert "has its records in sqlite://storage.sqlite" in other.stderr and "moves nothing" in other.stderr
    assert configuration_file(home).read_text() == before
    assert run_command(checkout, *options).returncode == 0

    databases = home / "applications" / "eden" / "databases"
    shutil.copy(databases / "storage.sqlite", databases / "other.sqlite")
    moved = run_command(checkout, *options, "--database", "sqlite://other.sqlite")
    assert moved.returncode == 0, moved.stderr
    assert "uri = sqlite://other.sqlite" in configuration_file(home).read_text()


def test_a_start_that_fails_is_not_remembered(checkout: Path, tmp_path: Path) -> None:
    home, port = tmp_path / "site", free_port()
    failing = ("--exit", "--no-worker", "--database", "sqlite://no/such/folder/x.sqlite", "--port", str(port))
    first = run_command(checkout, "--instance", str(home), *failing)
    assert first.returncode == 1 and not configuration_file(home).exists()
    options = ("--instance", str(home), "--port", str(port), "--exit", "--no-worker")
    assert run_command(checkout, *options, "--name", "North").returncode == 0
    before = configuration_file(home).read_text()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = str(taken.getsockname()[1])
        second = run_command(checkout, "--instance", str(home), "--port", busy, "--name", "South", "--exit")
    assert second.returncode == 1 and configuration_file(home).read_text() == before


def test_a_password_for_a_site_that_has_an_administrator_is_not_ignored_in_silence(
    checkout: Path, tmp_path: Path
) -> None:
    home = tmp_path / "site"
    options = ("--instance", str(home), "--port", str(free_port()), "--exit", "--no-worker")
    first = run_command(
        checkout, *options, "--admin-email", "ada@example.org", "--admin-password", "secret-1"
    )
    assert first.returncode == 0, first.stderr
    again = run_command(checkout, *options, "--admin-email", "ada@example.org")
    assert again.returncode == 0 and "changed no password" not in again.stdout
    other = run_command(
        checkout, *options, "--admin-email", "bob@example.org", "--admin-password", "secret-2"
    )
    assert other.returncode == 1
    assert "made no account, and changed no password" in other.stdout


def test_a_stopped_worker_hands_its_task_back(checkout: Path, tmp_path: Path) -> None:
    home = tmp_path / "site"
    web2py = [sys.executable, str(checkout / "web2py.py"), "-f", str(home)]
    queue = "scheduler.queue_task('linger', [60], timeout=600, retry_failed=-1)\ndb.commit()\n"
    subprocess.run(
        [*web2py, "-S", "eden", "-M", "--no_banner", "-R", str(written(tmp_path / "queue.py", queue))],
        stdin=subprocess.DEVNULL,
        check=True,
        timeout=60,
    )
    worker = subprocess.Popen([*web2py, "-K", "eden", "-Q"], stdin=subprocess.DEVNULL)
    try:
        eventually(lambda: "begun" in things(home), 30)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(15) == 0
    finally:
        worker.kill()
        worker.wait()
    state = ask_site(checkout, home)
    assert state["tasks"] == ["QUEUED"]
    assert state["workers"] == []
    assert "queued again" in state["runs"][0]
    assert not any(processes_of(home).values())


@pytest.mark.slow
@pytest.mark.skipif(not LINUX, reason="only Linux ends processes with their parent")
def test_the_task_of_a_killed_worker_ends_and_is_taken_over(checkout: Path, tmp_path: Path) -> None:
    home = tmp_path / "site"
    with site(checkout, "--instance", str(home), "--port", str(free_port())) as (_, _):
        ask_site(
            checkout,
            home,
            "scheduler.queue_task('linger', [60], timeout=600, retry_failed=-1)\ndb.commit()\n",
        )
        eventually(lambda: "begun" in things(home), 30)
        first = processes_of(home)
        assert len(first["worker"]) == len(first["task"]) == 1
        os.kill(first["worker"][0], signal.SIGKILL)
        eventually(lambda: first["task"][0] not in processes_of(home)["task"])
        eventually(lambda: things(home).count("begun") == 2, 30)
        assert "worker process died" in ask_site(checkout, home)["runs"][0]


def test_a_task_whose_process_was_killed_is_begun_anew_before_its_next_turn(
    checkout: Path, tmp_path: Path
) -> None:
    home = tmp_path / "site"
    with site(checkout, "--instance", str(home), "--port", str(free_port())) as (_, _):
        ask_site(
            checkout,
            home,
            "scheduler.queue_task('linger', [60], timeout=600, retry_failed=-1, repeats=0, period=3600)\ndb.commit()\n",
        )
        eventually(lambda: "begun" in things(home), 30)
        (task,) = processes_of(home)["task"]
        os.kill(task, signal.SIGKILL)
        eventually(lambda: things(home).count("begun") == 2, 30)


def test_a_port_in_use_is_named_with_another_one(checkout: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        result = run_command(checkout, "--instance", str(tmp_path / "site"), "--port", str(port), "--exit")
    assert result.returncode == 1
    assert f"Port {port} on 127.0.0.1 is in use" in result.stderr
    suggested = int(re.search(r"--port (\d+)", result.stderr).group(1))
    assert suggested > port
    assert "Traceback" not in result.stderr


def test_a_running_site_is_not_started_twice(checkout: Path, tmp_path: Path) -> None:
    home, port = tmp_path / "site", free_port()
    with site(checkout, "--instance", str(home), "--port", str(port), "--no-worker") as (process, _):
        second = run_command(checkout, "--instance", str(home), "--exit")
        assert second.returncode == 1
        assert f"running already (process {process.pid})" in second.stderr
        assert str(port) in second.stderr


def test_an_instance_folder_that_cannot_be_written(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    result = run_command(checkout, "--instance", str(tmp_path / "file" / "site"), "--exit")
    assert result.returncode == 1
    assert f"The instance folder {tmp_path / 'file' / 'site'} cannot be written" in result.stderr
    assert "--instance" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_failed_preparation_shows_the_reason(checkout: Path, tmp_path: Path) -> None:
    setup = checkout / "applications" / "eden" / "modules" / "s3db" / "setup.py"
    failing = "def prepare(environment, email, password):\n    raise RuntimeError('no such luck')\n"
    setup.write_text(setup.read_text() + failing)
    result = run_command(checkout, "--instance", str(tmp_path / "site"), "--port", str(free_port()), "--exit")
    assert result.returncode == 1
    assert "no such luck" in result.stderr
    assert not (tmp_path / "site" / "prepared.json").exists()


def test_a_moved_checkout_is_repaired_by_the_next_start(checkout: Path, tmp_path: Path) -> None:
    home = checkout / "instance"
    assert run_command(checkout, "--port", str(free_port()), "--exit", "--no-worker").returncode == 0
    moved = checkout.rename(tmp_path / "elsewhere")
    stale = subprocess.run(
        [sys.executable, "web2py.py", "-K", "eden"], cwd=moved / "instance", capture_output=True, text=True
    )
    assert stale.returncode == 1
    assert "repairs this folder" in stale.stderr
    assert run_command(moved, "--exit", "--no-worker").returncode == 0
    assert not home.exists()
    assert Path(ask_site(moved, moved / "instance")["folder"]) == moved / "instance" / "applications" / "eden"


def test_without_network_the_installation_says_what_to_do(checkout: Path) -> None:
    (checkout / ".venv").unlink()
    unreachable = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
        "PIP_RETRIES": "0",
    }
    result = run_command(checkout, "--exit", **unreachable)
    assert result.returncode == 1
    assert "no package index was reached" in result.stderr
    assert "PIP_FIND_LINKS" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("version", "message"),
    [("3.8", "needs Python 3.9 to 3.13. Found: python3 (3.8)"), (None, "there is no Python here")],
)
def test_a_python_that_does_not_fit(
    checkout: Path, tmp_path: Path, version: str | None, message: str
) -> None:
    commands = tmp_path / "commands"
    commands.mkdir()
    for name in ("sh", "dirname"):
        (commands / name).symlink_to(shutil.which(name))
    if version:
        written(
            commands / "python3", f'#!/bin/sh\ncase "$2" in *exit*) exit 1;; esac\necho {version}\n'
        ).chmod(0o755)
    result = run_command(checkout, EDEN_PYTHON="", PATH=str(commands))
    assert result.returncode == 1
    assert message in result.stderr
    assert "EDEN_PYTHON=" in result.stderr


def test_logs_are_kept_short(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    for filling in (b"1", b"2", b"3", b"4", b"5"):
        with open(log, "ab") as output:
            output.write(filling * LOG_BYTES)
            rotate(log)
            output.write(b"new")
        assert log.read_bytes() == b"new"
        log.write_bytes(b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "web.log",
        "web.log.1",
        "web.log.2",
        "web.log.3",
    ]
    assert [(tmp_path / f"web.log.{number}").read_bytes()[:1] for number in (1, 2, 3)] == [b"5", b"4", b"3"]


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
