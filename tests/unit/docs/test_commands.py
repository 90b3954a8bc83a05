"""Commands in documents: the programs and modules that they start are there, and take the options and paths given."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.command import parser as installer_parser
from launcher import command
from launcher.instance import SITE_FOLDERS
from launcher.operator_commands.command import parser as operator_parser
from launcher.places import CHECKOUT
from tests.support.markdown import DOCUMENTS
from tests.support.places import APPLICATION

#: Of the source, what speaks to people by itself.
LANGUAGES = CHECKOUT / "applications" / "eden" / "languages" / "README"
#: What stands before a command: a change of folder, a change of user, variables, a stopwatch.
BEFORE = re.compile(r"^\s*(cd \S+ && )?(sudo -u \S+ )?(time )?(\w+=\S* )*")
#: Programs whose options are told by the sources that parse them.
SOURCES = {"./test": "launcher/testing.py", "benchmarks/run": "benchmarks/command.py"}
OF_PYTEST = {"-k", "-m"}


def lines(text: str) -> Iterator[str]:
    """Yield the lines of blocks for a shell, and what stands as code within sentences."""
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield from block.splitlines()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"`([^`\n]+)`", prose)
    yield from re.findall(r"^ {4}(.+)$", prose, re.MULTILINE)


def commands() -> list[tuple[str, str]]:
    """Return documents with the commands of this checkout that they name."""
    found = set()
    for path in (*DOCUMENTS, LANGUAGES):
        for line in lines(path.read_text(encoding="utf-8")):
            bare = re.sub(r"<[^>]*>", "X", BEFORE.sub("", line))
            module = re.match(r"python3? -m (\w+)", bare)
            ours = module and (CHECKOUT / module[1]).is_dir()
            if ours or bare.partition(" ")[0] in ("./run", "./eden", "./eden-sync", *SOURCES):
                found.add((str(path.relative_to(CHECKOUT)), bare))
    return sorted(found)


def source_of_module(name: str) -> Path:
    """Return the file that ``python -m`` runs."""
    path = CHECKOUT / name.replace(".", "/")
    return path / "__main__.py" if path.is_dir() else path.with_suffix(".py")


def check_options(words: list[str], source: Path) -> None:
    """Look whether a source declares the options that stand among the words of a command."""
    declared = set(re.findall(r'"(--?[\w-]+)"', source.read_text(encoding="utf-8")))
    given = {word.partition("=")[0] for word in words if word.startswith("-")}
    assert given <= declared | {"--help"} | OF_PYTEST


def check_tests(words: list[str]) -> None:
    """Look whether files, folders and tests that are to be run exist."""
    for word in words:
        path, _, test = word.partition("::")
        if path.startswith("tests/"):
            assert (CHECKOUT / path).exists()
            assert f"def {test}" in (CHECKOUT / path).read_text("utf-8") if test else True


def test_an_upgrade_inside_a_full_web2py_replaces_every_folder_with_code() -> None:
    text = (CHECKOUT / "docs" / "UPGRADING.md").read_text(encoding="utf-8")
    removed = re.findall(r"^rm -rf compiled (.+)$", text, re.MULTILINE)
    copied = re.findall(r"^cp -r (.+) \S+$", text, re.MULTILINE)
    linked = {path.name for path in APPLICATION.iterdir() if path.is_dir()} - {*SITE_FOLDERS, "compiled"}
    assert removed == copied == [" ".join(sorted(linked - {"__pycache__"}))]


def test_commands_are_found_in_blocks_and_in_sentences() -> None:
    text = "Run `./run --demo`.\n\n```sh\ncd /opt && sudo -u eden ./run --exit   # stops\n```\n\n    A=1 ./test x\n"
    assert [BEFORE.sub("", line) for line in lines(text)] == [
        "./run --exit   # stops",
        "./run --demo",
        "./test x",
    ]


@pytest.mark.parametrize("document, line", commands())
def test_commands_exist_and_take_what_they_are_given(document: str, line: str) -> None:
    program, *words = shlex.split(line, comments=True)
    if program.startswith("python"):
        source = source_of_module(words[1])
        assert source.is_file()
        check_options(words[2:], source)
    elif program == "./run":
        command.parser().parse_args([word for word in words if word != "--help"])
    elif program == "./eden":
        assert (CHECKOUT / program).is_file()
        if words and "--version" not in words:
            operator_parser().parse_args([word for word in words if word != "--help"])
    elif program == "./eden-sync":
        assert (CHECKOUT / program).is_file()
        if words:
            installer_parser().parse_args([word for word in words if word != "--help"])
    else:
        assert (CHECKOUT / program).is_file()
        check_options(words, CHECKOUT / SOURCES[program])
        check_tests(words)
