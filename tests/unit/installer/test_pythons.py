"""Which Python runs an Eden."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from installer.eden import Eden
from installer.problems import Problem
from installer.pythons import NEEDED, OPTIONAL, candidates, find_python, look_at
from tests.support.small_eden import small_eden

EVERYTHING = (*NEEDED, *OPTIONAL, "pydal", "yatl")


@pytest.fixture
def eden(tmp_path: Path) -> Eden:
    return small_eden(tmp_path)


def fake(path: Path, version: tuple[int, ...], packages: tuple[str, ...]) -> Path:
    """Make a program that answers the probe as a Python would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"#!/bin/sh\necho 'a warning'\necho '{json.dumps([version, packages])}'\n", encoding="utf-8"
    )
    path.chmod(0o755)
    return path


def test_the_python_of_the_tests_has_everything(eden: Eden) -> None:
    found = look_at(sys.executable, eden)
    assert found is not None and found.version == sys.version_info[:3]
    assert (found.missing, found.runs_web2py) == ((), True)


def test_what_is_missing_is_named_with_the_command_of_that_python(eden: Eden, tmp_path: Path) -> None:
    path = fake(tmp_path / "python", (3, 10, 2), tuple(each for each in EVERYTHING if each != "cryptography"))
    found = find_python(eden, str(path))
    assert found.missing == ("cryptography",) and found.version_name == "3.10.2"
    assert found.install_command() == [str(path), "-m", "pip", "install", "cryptography"]
    path = fake(tmp_path / "another", (3, 10, 2), ("lxml", "requests", "urllib3", "pydal", "yatl"))
    found = find_python(eden, str(path))
    assert found.install_command()[4:] == ["cryptography", *OPTIONAL]
    assert found.install_command(needed_only=True)[4:] == ["cryptography"]


def test_the_environment_beside_web2py_comes_before_the_python_that_installs(eden: Eden) -> None:
    own = fake(eden.web2py / "venv" / "bin" / "python", (3, 11, 0), EVERYTHING)
    assert candidates(eden).index(str(own)) < candidates(eden).index(sys.executable)
    assert find_python(eden, None).path == str(own)


def test_the_python_of_the_manifest_comes_first(eden: Eden, tmp_path: Path) -> None:
    fake(eden.web2py / "venv" / "bin" / "python", (3, 11, 0), EVERYTHING)
    known = fake(tmp_path / "known" / "python", (3, 12, 0), EVERYTHING)
    assert find_python(eden, None, str(known)).path == str(known)


def test_one_that_cannot_run_an_eden_is_passed_over(eden: Eden, tmp_path: Path) -> None:
    fake(eden.web2py / "venv" / "bin" / "python", (3, 11, 0), ("lxml",))
    other = fake(eden.folder / ".venv" / "bin" / "python", (3, 11, 1), EVERYTHING)
    assert find_python(eden, None).path == str(other)


def test_a_name_that_is_given_in_part_is_found_from_anywhere(
    eden: Eden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fake(tmp_path / "env" / "bin" / "python", (3, 10, 2), EVERYTHING)
    monkeypatch.chdir(tmp_path)
    assert find_python(eden, "env/bin/python").path == str(path)


def test_what_is_no_python_is_told(eden: Eden, tmp_path: Path) -> None:
    assert look_at("/bin/true", eden) is None and look_at(str(tmp_path / "nothing"), eden) is None
    with pytest.raises(Problem, match="is no Python"):
        find_python(eden, "/bin/true")


def test_where_none_fits_the_ones_tried_are_named(eden: Eden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("installer.pythons.candidates", lambda eden, known="": ["/bin/true"])
    with pytest.raises(Problem, match="/bin/true") as refused:
        find_python(eden, None)
    assert "--python" in refused.value.remedy and os.path.exists("/bin/true")
