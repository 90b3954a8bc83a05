"""The environment in the checkout: made once, completed when something is missing, redone when half-made."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from launcher import environment
from launcher.environment import (
    BUILD_TOOLS,
    MYSQL,
    POSTGRESQL,
    RUNTIME,
    WEB2PY3,
    WEB2PY_VARIABLE,
    ensure_environment,
    environment_folder,
    environment_python,
    installation_problem,
    read_stamp,
    requirements_for,
)
from launcher.problems import Problem


class Installer:
    """Stands in for venv and pip; installs nothing, but remembers what it was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made = 0
        self.installed: list[str] = []
        self.fails = False
        monkeypatch.setattr(environment, "make_empty", self.make_empty)
        monkeypatch.setattr(environment, "pip_install", self.pip_install)

    def make_empty(self, folder: Path, log: Path) -> None:
        self.made += 1
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        python = folder / "bin" / "python"
        if not python.exists():
            python.symlink_to(sys.executable)

    def pip_install(self, folder: Path, requirements: Path, log: Path) -> None:
        if self.fails:
            raise Problem("no luck", "try again")
        self.installed.append(requirements.name)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in (BUILD_TOOLS, RUNTIME, POSTGRESQL, MYSQL, WEB2PY3):
        (tmp_path / name).write_text(f"# {name}\n")
    return tmp_path


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch) -> Installer:
    monkeypatch.delenv(WEB2PY_VARIABLE, raising=False)
    return Installer(monkeypatch)


def quiet(text: str) -> None:
    return None


def test_the_second_start_installs_nothing_and_says_nothing(root: Path, installer: Installer) -> None:
    told: list[str] = []
    assert ensure_environment([RUNTIME], told.append, root) == environment_python(root)
    assert installer.installed == [BUILD_TOOLS, RUNTIME]
    assert told
    told.clear()
    ensure_environment([RUNTIME], told.append, root)
    assert (installer.made, len(installer.installed), told) == (1, 2, [])


def test_what_is_missing_is_added_to_what_is_there(root: Path, installer: Installer) -> None:
    ensure_environment([RUNTIME], quiet, root)
    ensure_environment([RUNTIME, POSTGRESQL], quiet, root)
    (root / RUNTIME).write_text("# renewed\n")
    ensure_environment([RUNTIME, POSTGRESQL], quiet, root)
    assert installer.made == 1
    assert installer.installed == [BUILD_TOOLS, RUNTIME, POSTGRESQL, RUNTIME]


def test_a_half_made_environment_is_made_again(root: Path, installer: Installer) -> None:
    installer.fails = True
    with pytest.raises(Problem):
        ensure_environment([RUNTIME], quiet, root)
    assert read_stamp(environment_folder(root)) is None
    installer.fails = False
    ensure_environment([RUNTIME], quiet, root)
    assert installer.made == 2

    installer.fails = True
    with pytest.raises(Problem):
        ensure_environment([RUNTIME, MYSQL], quiet, root)
    assert read_stamp(environment_folder(root)) is None, "a failed addition may have left it incomplete"


def test_an_environment_whose_python_has_gone_is_made_again(root: Path, installer: Installer) -> None:
    ensure_environment([RUNTIME], quiet, root)
    python = environment_python(root)
    python.unlink()
    python.symlink_to(root / "removed")
    assert read_stamp(environment_folder(root)) is None


@pytest.fixture
def web2py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    checkout = tmp_path / "web2py"
    (checkout / "gluon").mkdir(parents=True)
    (checkout / "gluon" / "main.py").touch()
    monkeypatch.setenv(WEB2PY_VARIABLE, str(checkout))
    return checkout


def test_a_checkout_of_web2py_takes_the_place_of_the_pinned_gluon(
    root: Path, installer: Installer, web2py: Path
) -> None:
    python = ensure_environment([RUNTIME], quiet, root)
    assert python.parent.parent.name.endswith("-web2py3"), "the ordinary environment stays as it is"
    assert installer.installed == [BUILD_TOOLS, RUNTIME, WEB2PY3]
    (gluon,) = python.parent.parent.glob("lib/python*/site-packages/gluon")
    assert gluon.resolve() == web2py / "gluon"

    ensure_environment([RUNTIME], quiet, root)
    assert len(installer.installed) == 3
    (root / RUNTIME).write_text("# renewed\n")
    ensure_environment([RUNTIME], quiet, root)
    assert installer.installed[3:] == [RUNTIME, WEB2PY3], "what it replaces was installed again"


def test_a_folder_without_web2py_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(WEB2PY_VARIABLE, str(tmp_path))
    with pytest.raises(Problem, match="no web2py") as refused:
        ensure_environment([RUNTIME], quiet, root)
    assert WEB2PY_VARIABLE in str(refused.value)


@pytest.mark.parametrize(
    ("uri", "names"),
    [
        ("sqlite://storage.sqlite", [RUNTIME]),
        ("postgres://user:secret@host/name", [RUNTIME, POSTGRESQL]),
        ("postgres:psycopg2://user:secret@host/name", [RUNTIME, POSTGRESQL]),
        ("mysql://user:secret@host/name", [RUNTIME, MYSQL]),
    ],
)
def test_the_driver_follows_from_the_database(uri: str, names: list[str]) -> None:
    assert requirements_for(uri) == names


@pytest.mark.parametrize("version", [(3, 8, 20), (3, 14, 0)])
def test_a_python_out_of_range_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int]
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(Problem, match=r"3\.9 to 3\.13") as refused:
        ensure_environment([RUNTIME], quiet, root)
    assert "EDEN_PYTHON" in refused.value.remedy


def test_a_python_without_venv_names_the_package(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find_spec(name)
    )
    with pytest.raises(Problem, match="ensurepip") as refused:
        ensure_environment([RUNTIME], quiet, root)
    assert "-venv" in refused.value.remedy


@pytest.mark.parametrize(
    ("output", "message", "remedy"),
    [
        ("ERROR: Max retries exceeded with url", "no package index was reached", "pip download"),
        (
            "THESE PACKAGES DO NOT MATCH THE HASHES",
            "another content than pinned",
            "Nothing of it was installed",
        ),
        ("OSError: [Errno 28] No space left on device", "disk is full", "Free"),
        ("error: subprocess-exited-with-error", "pip could not install", "tries again"),
    ],
)
def test_a_failed_installation_is_explained(tmp_path: Path, output: str, message: str, remedy: str) -> None:
    log = tmp_path / "install.log"
    log.write_text(output)
    problem = installation_problem(tmp_path / RUNTIME, log)
    assert message in problem.message
    assert remedy in problem.remedy
