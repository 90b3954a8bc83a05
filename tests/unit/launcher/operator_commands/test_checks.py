"""What the doctor finds around a site."""

from __future__ import annotations

import fcntl
import json
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from launcher.instance import prepare_instance
from launcher.operator_commands import checks as checks
from launcher.operator_commands.asking import KnownSite
from launcher.places import application_folder


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnownSite:
    found = KnownSite(tmp_path / "site", Path(sys.executable), prepare_instance(tmp_path / "site"))
    (application_folder(found.home) / "databases" / "storage.sqlite").write_bytes(b"x")
    monkeypatch.setattr(checks, "fingerprint", lambda *_: "now")
    (found.home / "prepared.json").write_text(json.dumps({"fingerprint": "now"}))
    return found


def found(site: KnownSite, name: str) -> checks.Check:
    (one,) = [each for each in checks.around(site) if each["check"] == name]
    return one


def test_a_site_as_it_should_be_has_no_remedy(site: KnownSite) -> None:
    told = {each["check"]: each["result"] for each in checks.around(site)}
    assert told.pop("packages") in ("good", "attention"), (
        "whoever runs this test has installed it in some way"
    )
    assert told.pop("disk room") in ("good", "attention")
    assert told == {"server": "unknown", "schema": "good", "folders": "good", "secrets": "good"}


def test_a_site_that_run_supervises_is_seen_by_its_lock(site: KnownSite) -> None:
    with open(site.home / "run.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert found(site, "server")["result"] == "good"
    assert found(site, "server")["result"] == "unknown"


def test_another_version_and_a_database_that_is_gone_are_told_apart(site: KnownSite) -> None:
    (site.home / "prepared.json").write_text(json.dumps({"fingerprint": "former"}))
    assert "not prepared for this version" in found(site, "schema")["told"]
    (application_folder(site.home) / "databases" / "storage.sqlite").unlink()
    assert "missing" in found(site, "schema")["told"]


def test_what_others_can_read_and_what_cannot_be_written_is_named(
    site: KnownSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = application_folder(site.home) / "private" / "appconfig.ini"
    private.chmod(0o644)
    assert str(private) in found(site, "secrets")["remedy"]
    (site.home / "logs").rmdir()
    assert str(site.home / "logs") in found(site, "folders")["told"]


def test_a_disk_that_is_nearly_full_is_told(site: KnownSite, monkeypatch: pytest.MonkeyPatch) -> None:
    room = namedtuple("room", "free")
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda place: room(checks.LEAST_ROOM - 1))
    assert "500 MB" in found(site, "disk room")["remedy"]
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda place: room(checks.LEAST_ROOM))
    assert found(site, "disk room")["result"] == "good"


def test_an_environment_without_its_packages_is_told(
    site: KnownSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "read_stamp", lambda folder: {"requirements.txt": "another"})
    assert found(site, "packages")["result"] == "attention"
    monkeypatch.setattr(checks, "covers", lambda *_: True)
    assert found(site, "packages")["result"] == "good"
