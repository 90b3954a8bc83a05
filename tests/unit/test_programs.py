"""Programs beside pytest start without any preparation."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.places import CHECKOUT

#: Imports a module, then prints the modules of gluon that are no attributes of their package.
_PARTS = """
import importlib, sys
for name in (sys.argv[1], "gluon.restricted"):
    importlib.import_module(name)
for name in [each for each in sys.modules if each.startswith("gluon.")]:
    package, _, part = name.rpartition(".")
    if getattr(sys.modules[package], part, None) is None:
        print(name)
"""

#: Seconds after which a program hangs; on a machine with other work one of them takes a minute.
PATIENCE = 300


@pytest.mark.parametrize(
    ("module", "argument", "needs"),
    [
        ("tests.chaos", "--help", "gluon"),
        ("tests.screenshots", "--help", "axe_playwright_python"),
        ("tests.simulation", "--help", "hypothesis"),
        ("tools.languages", "de", "gluon"),
        ("tools.map", "core", "gluon"),
    ],
)
def test_a_program_finds_what_it_imports(module: str, argument: str, needs: str) -> None:
    pytest.importorskip(needs)
    assert python("-m", module, argument)


@pytest.mark.parametrize("module", sorted(path.stem for path in (CHECKOUT / "tools").glob("[!_]*.py")))
def test_a_tool_leaves_web2py_as_it_is(module: str) -> None:
    # yatl and gluon import each other: whoever begins with yatl gets a gluon without its parts.
    assert python("-c", _PARTS, f"tools.{module}").split() == []


def python(*arguments: str) -> str:
    """Return what a Python in the checkout prints, which has to succeed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
