"""The command: what is looked at, refused, printed, and with which exit status."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from installer import command
from installer.command import ATTENTION, GOOD, REFUSED, WRONG_USE, main
from installer.eden import Eden
from installer.installing import SWITCHED_ON
from installer.looking import TYPES
from installer.payload import Payload
from installer.pythons import Python, find_python
from s3sync.adapters import adapter_types
from tests.support.small_eden import Answers, facts_of, sample_payload, small_eden, tree

PYTHON = Python("/opt/eden/bin/python", (3, 11, 7), (), ("isal",), True)
COUNTS = {"repository": 2, "task": 5, "resource_filter": 1, "job": 1, "log": 40}


class Talking(Answers):
    """Answers ``look`` as well."""

    facts: dict[str, Any]
    made_of_records: dict[str, Any]

    def _look(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return self.facts

    def _derived(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return self.made_of_records


@pytest.fixture
def eden(tmp_path: Path) -> Eden:
    return small_eden(tmp_path)


@pytest.fixture
def talking(eden: Eden, monkeypatch: pytest.MonkeyPatch) -> Talking:
    """The Eden that answers instead of a process."""
    answers = Talking(eden)
    answers.facts = {
        **facts_of(eden),
        "engine": "sqlite",
        "migrate": True,
        "module": True,
        "web2py": "3.3.3",
        "bytes": 5_000_000,
        "tables": COUNTS,
        "types": {"eden": 1, "ftp": 1},
        "running": None,
        "workers": 0,
    }
    monkeypatch.setattr(command, "find_python", lambda eden, named, known="": PYTHON)
    monkeypatch.setattr(command, "find_payload", sample_payload)
    monkeypatch.setattr(command, "Asker", lambda eden, python, lock=None: answers)
    return answers


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    status = main(arguments)
    captured = capsys.readouterr()
    return status, captured.out + captured.err


def test_a_dry_run_says_what_is_found_and_changes_nothing(
    eden: Eden, talking: Talking, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(eden.folder)
    status, text = said(capsys, "install", "--into", str(eden.folder), "--dry-run")
    assert status == GOOD and tree(eden.folder) == before and talking.asked == ["look"]
    for each in (
        "eden-asp (modules/core), version made-up-1",
        "3.11.7, /opt/eden/bin/python",
        "without isal",
        "sqlite, 4.8 MB; migrations are on",
        "2 repositories, 5 tasks, 1 filters, 1 jobs, 40 log entries: all are taken over",
        "does not exchange with: ftp (1)",
        "would be laid into",
        "In the place of: views/sync/index.html, controllers/sync.py",
        "Nothing was changed. Without --dry-run it is done.",
    ):
        assert each in text


def test_installed_looked_at_and_taken_out(
    eden: Eden, talking: Talking, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(eden.folder)
    monkeypatch.chdir(eden.folder)
    status, text = said(capsys, "install")
    assert status == GOOD and "2 tables, 3 columns and 1 indices added" in text
    assert "restart the web server" in text and "sync/offer.json answers 401" in text
    assert said(capsys, "status")[0] == GOOD
    status, text = said(capsys, "doctor")
    assert status == ATTENTION and "!!  Repository types" in text and "ok  sync/index" in text
    assert said(capsys, "upgrade")[0] == GOOD
    status, text = said(capsys, "uninstall", "--purge")
    assert status == GOOD and "1 passwords opened." in text and "1 tables and 0 columns dropped." in text
    assert tree(eden.folder) == before and "vault.key stays" not in text
    assert "nothing to do" in said(capsys, "uninstall")[1]
    assert "not installed" in said(capsys, "status")[1]
    status, text = said(capsys, "upgrade")
    assert status == REFUSED and "not installed" in text


def test_the_doctor_tells_which_callbacks_are_done_at_once_and_what_the_others_cost(
    eden: Eden, talking: Talking, capsys: pytest.CaptureFixture[str]
) -> None:
    talking.facts["types"] = {"eden": 1}
    said(capsys, "install", "--into", str(eden.folder))
    status, text = said(capsys, "doctor", "--in", str(eden.folder))
    assert status == GOOD, "it is no fault of an Eden, and nothing can be done about it"
    assert "ok  Callbacks at once: 1 of 3 tables: org_office" in text
    assert "Callback of cr_shelter: a record at a time: this Eden has other code" in text
    assert "shelter_onaccept\n      An import takes about 6 times the CPU time." in text
    assert "Callback of gis_location: a record at a time: this Eden has other settings" in text


def test_the_doctor_tells_what_callbacks_change_with_the_lines_for_the_profile(
    eden: Eden, talking: Talking, capsys: pytest.CaptureFixture[str]
) -> None:
    talking.facts["types"] = {"eden": 1}
    said(capsys, "install", "--into", str(eden.folder))
    place = ("doctor", "--callbacks", "--in", str(eden.folder))
    talking.made_of_records = {"tables": 2, "records": 40, "fields": [], "rows": [], "failed": []}
    status, text = said(capsys, *place)
    assert status == GOOD and "callbacks leave what was written (40 records of 2 tables were tried)" in text
    talking.made_of_records = {
        "tables": 2,
        "records": 40,
        "fields": [["org_office", "code", 20], ["org_office", "name", 1]],
        "rows": [["cr_shelter", "cr_shelter_log", 3]],
        "failed": [["org_site", "no such field"]],
    }
    status, text = said(capsys, *place)
    assert status == ATTENTION and "Derived in org_office" in text
    assert "in so many records: code (20), name (1)" in text and "[computed]: org_office = code, name" in text
    assert "[never travels]: cr_shelter_log = made by cr_shelter" in text
    assert "Callback of org_site: fails: no such field" in text
    talking.made_of_records = {"tables": 0, "records": 0, "fields": [], "rows": [], "failed": []}
    assert "has records to try it with" in said(capsys, *place)[1]


def test_the_key_that_stays_is_told(eden: Eden, talking: Talking, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "install", "--into", str(eden.folder))
    status, text = said(capsys, "uninstall", "--from", str(eden.folder))
    assert status == GOOD and f"{eden.folder / 'private' / 'vault.key'} stays" in text


@pytest.mark.parametrize("text", ["", "\0", "[]"])
def test_damaged_facts_are_told_and_repaired(
    eden: Eden, talking: Talking, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    said(capsys, "install", "--into", str(eden.folder))
    (eden.home / SWITCHED_ON).write_text(text, encoding="utf-8")
    status, printed = said(capsys, "status", "--in", str(eden.folder))
    assert status == ATTENTION and "is damaged, so nothing is synchronised" in printed
    said(capsys, "install", "--into", str(eden.folder))
    assert said(capsys, "status", "--in", str(eden.folder))[0] == GOOD


def test_json_is_all_that_is_printed(
    eden: Eden, talking: Talking, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ("--into", str(eden.folder), "--json")
    assert json.loads(said(capsys, "install", "--dry-run", *place)[1])["files"]["laid"] == 10
    assert json.loads(said(capsys, "install", *place)[1])["state"] == "installed"
    assert json.loads(said(capsys, "status", *place)[1])["version"] == "1.0"
    assert json.loads(said(capsys, "doctor", *place)[1])["checks"]
    assert json.loads(said(capsys, "uninstall", *place)[1])["version"] == "1.0"
    assert "no Sahana Eden" in json.loads(said(capsys, "status", "--json", "--in", "/")[1])["error"]


def test_the_data_model_is_written_where_it_is_asked_for(
    eden: Eden, talking: Talking, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    talking._facts = lambda arguments: {"tables": {"org_office": {}}}  # type: ignore[attr-defined]
    target = tmp_path / "facts.json.gz"
    text = said(capsys, "doctor", "--in", str(eden.folder), "--facts", str(target))[1]
    assert f"The data model of 1 tables is in {target}" in text
    told = json.loads(gzip.decompress(target.read_bytes()))
    assert told["kind"] == eden.kind and list(told["tables"]) == ["org_office"]


OBSTACLES = {
    "compiled": (
        "compiled",
        lambda eden, facts: (eden.folder / "compiled").mkdir() or touch(eden, "compiled/x.pyc"),
    ),
    "never started": (
        "never started",
        lambda eden, facts: (eden.folder / "databases/1_auth_user.table").unlink(),
    ),
    "module": ("switched off in this Eden", lambda eden, facts: facts.update(module=False)),
    "tables": ("no table sync_repository", lambda eden, facts: facts.update(tables=dict.fromkeys(COUNTS))),
    "running": (
        "one is running, since 2026",
        lambda eden, facts: facts.update(running="2026-11-29 12:00:00"),
    ),
    "room": ("make room on this disk", lambda eden, facts: facts.update(bytes=1 << 60)),
}


def touch(eden: Eden, path: str) -> None:
    (eden.folder / path).write_bytes(b"")


@pytest.mark.parametrize("name", OBSTACLES)
def test_what_stands_in_the_way_is_told_and_nothing_done(
    eden: Eden, talking: Talking, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    words, prepare = OBSTACLES[name]
    prepare(eden, talking.facts)
    before = tree(eden.folder)
    status, text = said(capsys, "install", "--into", str(eden.folder))
    assert status == REFUSED and words in text and "Nothing was changed" in text and "\nNO  " in f"\n{text}"
    assert tree(eden.folder) == before


def test_a_mark_of_a_run_that_broke_off_can_be_overruled(
    eden: Eden, talking: Talking, capsys: pytest.CaptureFixture[str]
) -> None:
    talking.facts["running"] = ""
    assert said(capsys, "install", "--into", str(eden.folder), "--force")[0] == GOOD


@pytest.mark.parametrize(
    ("python", "words"),
    [
        (Python("/p", (3, 8, 1), (), (), True), "needs Python 3.9 or later"),
        (Python("/p", (3, 11, 7), ("cryptography",), (), True), "/p -m pip install cryptography"),
        (Python("/p", (3, 11, 7), (), (), False), "cannot run web2py"),
    ],
)
def test_a_python_that_does_not_fit_is_told_with_what_to_do(
    eden: Eden,
    talking: Talking,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    python: Python,
    words: str,
) -> None:
    monkeypatch.setattr(command, "find_python", lambda eden, named, known="": python)
    status, text = said(capsys, "install", "--into", str(eden.folder))
    assert status == REFUSED and words in text and not eden.home.exists()


#: Says what it has, and notes how pip was called and which wheels were at hand.
WITH_PIP = """#!/bin/sh
if [ "$1" = -c ]; then
    echo "[[3, 11, 7], [\\"lxml\\", \\"requests\\", \\"urllib3\\", \\"pydal\\", \\"yatl\\"$(cat {has} 2>/dev/null)]]"
else
    echo "$*" >> {log}
    case "$*" in *isal*) exit 1;; esac
    ls "$(echo "$*" | sed 's/.*--find-links //')" >> {log}
    echo ', "cryptography"' > {has}
fi
"""


def test_what_is_missing_is_installed_from_the_archive_without_network(
    eden: Eden, talking: Talking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, python = tmp_path / "log", tmp_path / "python"
    python.write_text(WITH_PIP.format(has=tmp_path / "has", log=log), encoding="utf-8")
    python.chmod(0o755)
    payload = Payload(sample_payload().files, {"cryptography-1-py3-none-any.whl": b"a wheel"})
    monkeypatch.setattr(command, "find_python", find_python)
    monkeypatch.setattr(command, "find_payload", lambda: payload)
    asked = ("install", "--into", str(eden.folder), "--python", str(python))
    assert main(asked) == REFUSED and not log.exists()
    assert main([*asked, "--pip"]) == GOOD
    first, second, listed = log.read_text("utf-8").splitlines()
    assert "isal" in first and " --no-index --find-links" in first and "isal" not in second
    assert listed == "cryptography-1-py3-none-any.whl"


def test_a_database_on_a_server_is_not_copied_and_that_is_told(
    eden: Eden, talking: Talking, capsys: pytest.CaptureFixture[str]
) -> None:
    talking.facts.update(engine="postgres", sqlite=None)
    talking._save = lambda arguments: {"file": f"{arguments['folder']}/x.json", "rows": 3}  # type: ignore[attr-defined]
    status, text = said(capsys, "install", "--into", str(eden.folder))
    assert status == GOOD and "pg_dump" in text and "A copy from before is" in text
    assert not list((eden.home / "backup").glob("*.db"))


def test_a_page_that_fails_needs_attention(
    eden: Eden, talking: Talking, capsys: pytest.CaptureFixture[str]
) -> None:
    finish = talking._finish
    broken = {"sync/index": ["500 INTERNAL SERVER ERROR", "ticket"]}
    talking._finish = lambda arguments: {**finish(arguments), "pages": broken}  # type: ignore[method-assign]
    assert said(capsys, "install", "--into", str(eden.folder))[0] == ATTENTION
    assert "It said: ticket" in said(capsys, "doctor", "--into", str(eden.folder))[1]


def test_another_users_eden_is_left_alone(
    eden: Eden, talking: Talking, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: eden.folder.stat().st_uid + 1)
    status, text = said(capsys, "install", "--into", str(eden.folder))
    assert status == REFUSED and "sudo -u" in text


def test_a_folder_above_the_application_is_recognised(
    eden: Eden, talking: Talking, capsys: pytest.CaptureFixture[str]
) -> None:
    status, text = said(capsys, "status", "--in", str(eden.web2py))
    assert status == REFUSED and f"--into {eden.folder}" in text


def test_wrong_use_has_a_status_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "instal")[0] == WRONG_USE
    assert said(capsys)[0] == WRONG_USE
    status, text = said(capsys, "--help")
    assert status == 0 and "Example: ./eden-sync install" in text and "exit status" in text


def test_the_types_that_are_told_to_stay_are_those_that_the_engine_has_not() -> None:
    assert set(TYPES) == set(adapter_types())


def test_two_installers_do_not_work_on_the_same_eden(
    eden: Eden, talking: Talking, capsys: pytest.CaptureFixture[str]
) -> None:
    with command.alone(eden):
        status, text = said(capsys, "install", "--into", str(eden.folder))
    assert status == REFUSED and "Another ./eden-sync" in text
