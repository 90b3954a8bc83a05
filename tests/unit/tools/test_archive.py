"""The archive for a server without network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from s3sync import VERSION
from tests.support.small_eden import sample_payload, small_eden, tree
from tools.archive import build, main


def run(archive: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an archive alone: with the standard library, in a folder without anything of ours."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-I", str(archive), *arguments],
        cwd=archive.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "1.pyz", tmp_path / "2.pyz"
    build(first, sample_payload())
    build(second, sample_payload())
    assert first.read_bytes() == second.read_bytes() and os.access(first, os.X_OK)


def test_it_runs_alone_and_looks_at_an_eden(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "eden-sync.pyz"
    assert main([str(archive)]) == 0
    assert f"Eden Sync {VERSION}" in capsys.readouterr().out
    assert VERSION in run(archive, "--version").stdout
    eden = small_eden(tmp_path / "server")
    before = tree(eden.folder)
    (eden.web2py / "web2py.py").write_text("raise RuntimeError('no database')", encoding="utf-8")
    done = run(archive, "install", "--into", str(eden.folder), "--python", sys.executable)
    assert (done.returncode, tree(eden.folder)) == (3, before)
    assert "RuntimeError: no database" in done.stderr
