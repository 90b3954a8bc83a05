"""What a person is told whose start fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from launcher import command as command


@pytest.fixture(autouse=True)
def without_installing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "ensure_environment", lambda *_: Path(sys.executable))
    monkeypatch.setattr(command, "stop_on_signals", lambda: None)


@pytest.mark.parametrize(
    "occupied", ["run.lock", "logs", "web2py.py", "applications/eden/private/appconfig.ini", "applications"]
)
def test_what_cannot_be_written_is_a_sentence_and_a_status(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], occupied: str
) -> None:
    """What stands in the way stops every user, also one who may write everywhere."""
    place = tmp_path / "home" / occupied
    place.parent.mkdir(parents=True)
    if occupied in ("logs", "applications"):
        place.touch()
    else:
        place.mkdir()
    status = command.main(["run", "--instance", str(tmp_path / "home"), "--exit", "--port", "1"])
    said = capfd.readouterr().err
    assert status == 1 and str(place) in said and "Traceback" not in said
    assert "--instance" in said and len(said.splitlines()) == 2


@pytest.mark.parametrize("written", ["prepared.json", "logs/web.log"])
def test_so_is_a_folder_that_became_read_only(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(30, os.strerror(30), str(tmp_path / written))

    monkeypatch.setattr(command, "run", refuse)
    assert command.main(["run"]) == 1
    assert f"{tmp_path / written} cannot be used: Read-only file system." in capfd.readouterr().err


def test_a_failure_that_concerns_no_file_keeps_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError(111, "Connection refused")

    monkeypatch.setattr(command, "run", fail)
    with pytest.raises(OSError, match="Connection refused"):
        command.main(["run"])
