"""Modules that only the application has."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.host import own_modules as own_modules

NAMES = ("eden_own_package", "eden_own_file", "eden_no_package", "json")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    modules = tmp_path / "modules"
    for name in ("eden_own_package", "eden_no_package", "json"):
        (modules / name).mkdir(parents=True)
    for name in ("eden_own_package/__init__.py", "json/__init__.py", "eden_own_file.py", "notes.txt"):
        (modules / name).touch()
    before = dict(sys.modules)
    yield tmp_path
    for name in NAMES:
        sys.modules.pop(name, None)
        if name in before:
            sys.modules[name] = before[name]


@pytest.mark.parametrize("name", ["eden_own_package", "eden_own_package.inner", "eden_own_file"])
def test_python_does_not_look_for_what_only_the_application_has(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_modules.declare_own_modules(str(folder))
    monkeypatch.setattr(sys, "meta_path", [])
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(name)


def test_what_python_has_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "json")
    own_modules.declare_own_modules(str(folder))
    assert importlib.import_module("json").dumps([1]) == "[1]"
    assert not {"eden_no_package", "notes"} & sys.modules.keys()


def test_an_application_is_looked_at_once(folder: Path) -> None:
    own_modules.declare_own_modules(str(folder))
    (folder / "modules" / "eden_later.py").touch()
    own_modules.declare_own_modules(str(folder))
    assert "eden_later" not in sys.modules
