"""Asks a process of the Eden's own Python, in its own web2py, with its own models: the only way to its database."""

from __future__ import annotations

import json
import os
import pkgutil
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from .eden import Eden
from .problems import Problem

#: In the environment of the process: where it writes its answer, and what it is asked.
RESULT, ARGUMENTS = "EDEN_SYNC_RESULT", "EDEN_SYNC_ARGUMENTS"


class Asker:
    """Runs scripts inside an Eden.

    Args:
        eden: the Eden.
        python: the Python that runs it.
        lock: a file that holds the right to change this Eden, None for nothing. Should the installer be killed, its
            last script goes on, and until it has ended nobody else may begin.
    """

    def __init__(self, eden: Eden, python: str, lock: int | None = None) -> None:
        self._eden = eden
        self._python = python
        self._shared = () if lock is None else (lock,)

    def __call__(self, script: str, **arguments: Any) -> dict[str, Any]:
        """Run a script as this Eden would run a request, and return what it answers.

        Args:
            script: its name in ``installer/scripts``, without the ending.
            arguments: what it is asked, for JSON.

        Raises:
            Problem: it has no answer: a model of this Eden fails, or its database is not there.
        """
        with tempfile.TemporaryDirectory(prefix="eden-sync-") as scratch:
            result = Path(scratch) / "result.json"
            source = Path(scratch) / f"{script}.py"
            source.write_bytes(pkgutil.get_data("installer", f"scripts/{script}.py") or b"")
            done = subprocess.run(
                [self._python, "web2py.py", "-S", self._eden.application, "-M", "-R", str(source)],
                cwd=self._eden.web2py,
                env={**os.environ, RESULT: str(result), ARGUMENTS: json.dumps(arguments)},
                pass_fds=self._shared,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            if result.is_file():
                found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
                return found
        said = Path(tempfile.gettempdir()) / f"eden-sync-{script}-{os.getpid()}.log"
        said.write_text(done.stdout, encoding="utf-8")
        raise Problem(
            f"The Eden in {self._eden.folder} does not answer ({script}): {last_words(done.stdout)}",
            f"All that it said is in {said}. If this Eden runs with another Python than {self._python}, name that: "
            "--python. What was begun goes on with the same command, and back with uninstall.",
        )


def last_words(output: str) -> str:
    """Return the error with which a program ended, of all that it said."""
    raised = re.findall(r"^(?:\w+\.)*(\w*(?:Error|Exception|Problem|HTTP\w*)\b.*)$", output, re.MULTILINE)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return (raised or lines or ["it ended without a word."])[-1]
