"""A process of the Eden is asked, with a web2py that only executes the script."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from installer.asking import Asker, last_words
from installer.eden import Eden
from installer.problems import Problem
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


def test_an_eden_that_fails_is_told_with_its_own_words(eden: Eden) -> None:
    with pytest.raises(Problem, match="RuntimeError: the database is away") as refused:
        Asker(eden, sys.executable)("save")
    assert "web2py.py -S eden -M" in refused.value.remedy


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
