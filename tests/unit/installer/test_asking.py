"""A process of the Eden is asked, with a web2py that only executes the script."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable

import pytest

from installer.asking import Asker, last_words
from installer.command import alone
from installer.eden import Eden
from installer.problems import Problem
from tests.support.places import CHECKOUT
from tests.support.small_eden import small_eden

#: Executes the script that is named behind -R, as web2py does, where the Eden has nothing else.
WEB2PY = """
import json, os, sys
assert sys.argv[1:4] == ["-S", "eden", "-M"], sys.argv
name = os.path.basename(sys.argv[5])
if name == "save.py":
    raise RuntimeError("the database is away")
with open(os.environ["EDEN_SYNC_RESULT"], "w") as output:
    json.dump({"script": name, "length": os.path.getsize(sys.argv[5]),
               "asked": json.loads(os.environ["EDEN_SYNC_ARGUMENTS"]), "here": os.getcwd()}, output)
"""


@pytest.fixture
def eden(tmp_path: Path) -> Eden:
    found = small_eden(tmp_path)
    (found.web2py / "web2py.py").write_text(WEB2PY, encoding="utf-8")
    return found


def test_a_script_is_run_in_the_eden_and_its_answer_returned(eden: Eden) -> None:
    told = Asker(eden, sys.executable)("close", purge=True)
    assert told["script"] == "close.py" and told["asked"] == {"purge": True} and told["length"] > 100
    assert told["here"] == str(eden.web2py)


def test_an_eden_that_fails_is_told_with_its_own_words(
    eden: Eden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(Problem, match="RuntimeError: the database is away") as refused:
        Asker(eden, sys.executable)("save")
    log = Path(refused.value.remedy.partition(" is in ")[2].partition(". If")[0])
    assert "Traceback" in log.read_text("utf-8")


def test_the_script_of_an_installer_that_was_killed_holds_its_lock(eden: Eden) -> None:
    (eden.web2py / "web2py.py").write_text("import time; time.sleep(30)", encoding="utf-8")
    killed = subprocess.Popen([sys.executable, "-c", KILLED, str(eden.folder)], cwd=CHECKOUT)
    script = waited_for(lambda: children(killed.pid))
    killed.kill()
    killed.wait()
    with pytest.raises(Problem, match="is at work"), alone(eden):
        pass
    os.kill(script[0], signal.SIGKILL)
    assert waited_for(lambda: is_free(eden))


#: Asks with the lock held, as a command does.
KILLED = """
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable
from installer.asking import Asker
from installer.command import alone
from installer.eden import find_eden
eden = find_eden(Path(sys.argv[1]))
with alone(eden) as lock:
    Asker(eden, sys.executable, lock)("look")
"""


def children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children")
    return [int(each) for each in found.read_text("ascii").split()] if found.exists() else []


def is_free(eden: Eden) -> bool:
    try:
        with alone(eden):
            return True
    except Problem:
        return False


def waited_for(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("", "it ended without a word."),
        ("a line\nanother\n", "another"),
        ("Traceback\n  File x\npydal.errors.NotFoundError: no such\nbye\n", "NotFoundError: no such"),
    ],
)
def test_the_last_words_of_a_program_are_its_error(output: str, words: str) -> None:
    assert last_words(output) == words
