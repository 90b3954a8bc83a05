"""Programs beside pytest start without any preparation."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.places import CHECKOUT


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
    done = subprocess.run(
        [sys.executable, "-m", module, argument],
        cwd=CHECKOUT,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
