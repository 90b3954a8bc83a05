"""Which Python runs an Eden, and which packages it lacks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .eden import Eden
from .problems import Problem

LOWEST = (3, 9)
#: What s3sync imports beside the standard library and web2py's own.
NEEDED = ("lxml", "requests", "urllib3", "cryptography")
#: What may be missing -> what is then slower, or not there.
OPTIONAL = {"isal": "packing is slower", "openpyxl": "no tables as XLSX", "segno": "no QR codes"}
#: Below web2py, the application, and the folder around web2py.
ENVIRONMENTS = ("venv", ".venv", "env")
#: Written for every Python, also one that is too old.
PROBE = """
import json, sys
sys.path[:0] = [sys.argv[1]] + [sys.argv[1] + "/gluon/packages/" + each for each in ("pydal", "dal", "yatl")]
found = []
for name in sys.argv[2:]:
    try:
        __import__(name)
        found.append(name)
    except ImportError:
        pass
print(json.dumps([list(sys.version_info[:3]), found]))
"""


@dataclass(frozen=True)
class Python:
    """A Python that may run an Eden.

    Attributes:
        path: of the program.
        version: three numbers.
        missing: the packages of NEEDED that it has not.
        without: those of OPTIONAL.
        runs_web2py: whether it has what Eden itself needs.
    """

    path: str
    version: tuple[int, ...]
    missing: tuple[str, ...]
    without: tuple[str, ...]
    runs_web2py: bool

    @property
    def version_name(self) -> str:
        """Its version as text."""
        return ".".join(map(str, self.version))

    def install_command(self, needed_only: bool = False) -> list[str]:
        """Return the command that installs what is missing.

        Args:
            needed_only: whether to leave out what may be missing.
        """
        wanted = self.missing if needed_only else (*self.missing, *self.without)
        return [self.path, "-m", "pip", "install", *wanted]


def find_python(eden: Eden, named: str | None, known: str = "") -> Python:
    """Return the Python that runs an Eden.

    Args:
        eden: the Eden.
        named: by the administrator.
        known: from the manifest.

    Raises:
        Problem: none was found that can run it.
    """
    if named:
        found = look_at(os.path.abspath(shutil.which(named) or named), eden)
        if found is None:
            raise Problem(
                f"{named} is no Python.", "Name the Python that runs web2py: --python /path/to/python3"
            )
        return found
    for path in candidates(eden, known):
        found = look_at(path, eden)
        if found is not None and found.runs_web2py:
            return found
    raise Problem(
        f"None of the Pythons here can run the Eden in {eden.folder}: {', '.join(candidates(eden, known))}.",
        "Name the one that runs web2py: --python /path/to/python3",
    )


def candidates(eden: Eden, known: str = "") -> list[str]:
    """Return the Pythons that are tried, the likeliest first."""
    return list(dict.fromkeys(_candidates(eden, known)))


def _candidates(eden: Eden, known: str) -> Iterator[str]:
    if known:
        yield known
    yield from _running(eden)
    for folder in (eden.web2py, eden.folder, eden.web2py.parent):
        yield from (str(path) for name in ENVIRONMENTS if (path := folder / name / "bin" / "python").exists())
    yield sys.executable
    yield from (found for name in ("python3", "python") if (found := shutil.which(name)))


def _running(eden: Eden) -> Iterator[str]:
    """Yield the Pythons of processes that run in this web2py now."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd") != str(eden.web2py):
                continue
            program = (process / "cmdline").read_bytes().split(b"\0")[0].decode("utf-8", "replace")
        except OSError:
            continue  # it has ended, or belongs to somebody else
        if "python" in os.path.basename(program) and (found := shutil.which(program)):
            yield found


def look_at(path: str, eden: Eden) -> Python | None:
    """Return what a program is as a Python, None if it is none."""
    asked = (*NEEDED, *OPTIONAL, "pydal", "yatl")
    try:
        done = subprocess.run(
            [path, "-c", PROBE, str(eden.web2py), *asked], capture_output=True, text=True, cwd="/", timeout=60
        )
        version, found = json.loads(done.stdout.splitlines()[-1])
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return None
    return Python(
        path,
        tuple(version),
        tuple(name for name in NEEDED if name not in found),
        tuple(name for name in OPTIONAL if name not in found),
        {"pydal", "yatl", "lxml"} <= set(found),
    )
