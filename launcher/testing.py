"""The command ``./test``: linters, type checker, then pytest. Its summary is the last line."""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Sequence

from .browsers import find_chromium
from .environment import (
    BROWSER,
    DEVELOPMENT,
    MYSQL,
    POSTGRESQL,
    RUNTIME,
    ensure_environment,
    environment_folder,
)
from .places import CHECKOUT

QUICK = "not slow"
#: Names for the tests an Eden on this machine, and the Python that runs it.
REAL_EDEN, REAL_PYTHON = "EDEN_REAL", "EDEN_REAL_PYTHON"
#: More processes than this wait for each other: most of the slow tests have several of their own.
MOST_PROCESSES = 4
CHECKS = (
    ("ruff check", ["-m", "ruff", "check", "--quiet", "--output-format", "concise", "."]),
    ("ruff format", ["-m", "ruff", "format", "--check", "--quiet", "--output-format", "concise", "."]),
    ("mypy", ["-m", "mypy", "--no-error-summary"]),
)


def run_tests(arguments: Sequence[str]) -> int:
    """Run ``./test`` with these arguments.

    Returns:
        0 only if every check and every test passed.

    Raises:
        Problem: the environment cannot be made.
    """
    parser = argparse.ArgumentParser(
        prog="./test",
        description="Checks style and types, then runs the tests: the quick ones, or all of them.",
        epilog="Every other argument goes to pytest, e.g. ./test tests/unit -k policy",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="run the slow tests as well, in one process more than there are cores (-n 0: in this one)",
    )
    parser.add_argument(
        "--no-checks", action="store_true", help="run pytest only, not the style and type checks"
    )
    parser.add_argument(
        "--screenshots",
        metavar="FOLDER",
        help="run no test, but take pictures of every screen into this folder",
    )
    parser.add_argument(
        "--eden",
        metavar="FOLDER",
        help="run the tests on a copy of this Eden's application (web2py/applications/eden) instead of all others",
    )
    parser.add_argument("--python", metavar="PATH", help="the Python that runs that Eden")
    options, rest = parser.parse_known_args(arguments)

    names = [RUNTIME, DEVELOPMENT, POSTGRESQL, MYSQL]
    if find_chromium():
        names.append(BROWSER)
    python = str(ensure_environment(names, lambda text: print(text, flush=True)))
    if options.screenshots:
        command = [python, "-m", "tests.screenshots", os.path.abspath(options.screenshots), *rest]
        return subprocess.run(command, cwd=CHECKOUT, env=tool_environment(), check=False).returncode
    if options.eden:
        named = {REAL_EDEN: os.path.abspath(options.eden), REAL_PYTHON: options.python or ""}
        command = [python, "-m", "pytest", "-q", "tests/real_eden", *rest]
        return subprocess.run(
            command, cwd=CHECKOUT, env={**tool_environment(), **named}, check=False
        ).returncode
    failed = [] if options.no_checks else failed_checks(python)
    command = [python, "-m", "pytest", "-q"]
    if not options.all and not any(argument.startswith("-m") for argument in rest):
        command += ["-m", QUICK]
    if options.all:
        command += side_by_side(os.cpu_count() or 1)
    if failed:
        print(f"FAILED before the tests: {', '.join(failed)} (see above)", flush=True)
    status = subprocess.run([*command, *rest], cwd=CHECKOUT, env=tool_environment(), check=False).returncode
    return status or (1 if failed else 0)


def side_by_side(cores: int) -> list[str]:
    """Return the arguments for pytest that share files of tests out among processes, in the order of the folders.

    So the browser's story, which takes minutes and is one test, comes first and not at the end, when all other
    processes have nothing to do any more.

    One process more than there are cores: tests of whole sites wait for half of their time.

    Args:
        cores: of this machine.
    """
    processes = min(cores + 1, MOST_PROCESSES)
    return ["-n", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"] if cores > 1 else []


def failed_checks(python: str) -> list[str]:
    failed = []
    for name, arguments in CHECKS:
        print(f"{name} ...", flush=True)
        if subprocess.run([python, *arguments], cwd=CHECKOUT, env=tool_environment(), check=False).returncode:
            failed.append(name)
    return failed


def tool_environment() -> dict[str, str]:
    """Return the tools' environment variables: those of this process, with the environment's commands on the path."""
    commands = str(environment_folder() / "bin")
    return {**os.environ, "PATH": commands + os.pathsep + os.environ.get("PATH", os.defpath)}
