"""What ./eden prints, and with which status it ends."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from launcher.configuration import SiteConfiguration
from launcher.operator_commands import command as command
from launcher.operator_commands.asking import KnownSite
from launcher.problems import Problem
from s3sync import VERSION

STATUS = {
    "site": {"name": "North", "address": "http://n/eden", "version": "1"},
    "workers": 1,
    "states": {"attention": 1, "in_step": 2},
    "labels": {"attention": "needs attention", "in_step": "in step"},
    "repositories": [
        {
            "name": "South",
            "state": "attention",
            "why": "The last run failed.",
            "remedy": "Mend it.",
            "warning": "",
        }
    ],
    "needs_attention": True,
}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What the application answers to scripts, by name; and what it was asked."""
    found: dict[str, Any] = {"asked": []}

    def ask(site: KnownSite, script: str, given: list[str], news: Any, environment: Any = None) -> Any:
        found["asked"].append((script, *(json.loads(each) for each in given), environment))
        answer = found[script]
        if isinstance(answer, Exception):
            raise answer
        return answer

    site = KnownSite(tmp_path, Path(sys.executable), SiteConfiguration())
    monkeypatch.setattr(command, "find_site", lambda named: site)
    monkeypatch.setattr(command, "ask", ask)
    return found


def test_the_status_is_text_or_json(answers: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    answers["operate"] = STATUS
    assert command.main(["status"]) == command.ATTENTION
    said = capsys.readouterr().out
    assert "North" in said and "needs attention: 1; in step: 2" in said
    assert "South: The last run failed.\n  Mend it." in said
    assert command.main(["--json", "status"]) == command.ATTENTION
    assert json.loads(capsys.readouterr().out) == STATUS
    answers["operate"] = {**STATUS, "needs_attention": False}
    assert command.main(["status", "--json"]) == command.GOOD


def test_options_reach_the_application(answers: dict[str, Any]) -> None:
    answers["operate"] = {"log": [], "page": 2, "pages": 2, "total": 60}
    assert command.main(["log", "--trouble", "--since", "2026-11-01", "--page", "2", "--json"]) == 0
    ((_, given, _),) = answers["asked"]
    assert (
        given["command"] == "log"
        and given["trouble"]
        and given["since"] == "2026-11-01"
        and given["page"] == 2
    )


@pytest.mark.parametrize(
    ("arguments", "status"),
    [([], 2), (["dance"], 2), (["log", "--since", "tomorrow"], 2), (["--help"], 0), (["sync", "--help"], 0)],
)
def test_wrong_use_is_a_status_of_its_own(
    arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == status
    said = capsys.readouterr()
    assert "Traceback" not in said.err and (status or "Example: ./eden" in said.out.replace("\n", " "))


def test_each_command_has_an_example_that_it_takes() -> None:
    for name, (_, example) in command.COMMANDS.items():
        assert command.parser().parse_args(example.split()[1:]).command == name


def test_what_is_not_there_and_what_cannot_be_opened_differ(
    answers: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    answers["operate"] = {"error": "There is no repository X.", "remedy": "See which there are."}
    assert command.main(["conflicts", "--repository", "X"]) == command.WRONG_USE
    assert capsys.readouterr().err == "There is no repository X.\nSee which there are.\n"
    answers["operate"] = Problem("It cannot be opened.", "Start the server.")
    assert command.main(["status", "--json"]) == command.CLOSED
    assert json.loads(capsys.readouterr().out) == {
        "error": "It cannot be opened.",
        "remedy": "Start the server.",
    }
    answers["operate"] = KeyboardInterrupt()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(command, "answer_to", lambda options: (_ for _ in ()).throw(KeyboardInterrupt()))
        assert command.main(["sync", "--wait"]) == command.INTERRUPTED


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--version"]) == 0
    assert capsys.readouterr().out == f"Eden Sync {VERSION}\n"


def test_the_doctor_tells_what_is_around_a_site_that_cannot_be_opened(
    answers: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        command,
        "around",
        lambda site: [{"check": "disk room", "result": "good", "told": "Enough.", "remedy": ""}],
    )
    answers["operate"] = Problem("No database.", "Start it.")
    assert command.main(["doctor"]) == command.ATTENTION
    assert capsys.readouterr().out == "ok  disk room: Enough.\n!!  database: No database.\n      Start it.\n"
    answers["operate"] = {"checks": [{"check": "worker", "result": "good", "told": "1 alive", "remedy": ""}]}
    assert command.main(["doctor"]) == command.GOOD


def test_a_password_is_made_up_and_shown_once_or_read_and_not_shown(
    answers: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers["set_password"] = {"email": "ann@example.org"}
    assert command.main(["reset-password", "ann@example.org"]) == 0
    ((_, environment),) = answers["asked"]
    assert environment["EDEN_EMAIL"] == "ann@example.org" and len(environment["EDEN_PASSWORD"]) >= 12
    assert f"Password  {environment['EDEN_PASSWORD']} " in capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.StringIO("one of my own\n"))
    assert command.main(["reset-password", "ann@example.org", "--ask"]) == 0
    assert answers["asked"][1][1]["EDEN_PASSWORD"] == "one of my own"
    assert "one of my own" not in capsys.readouterr().out
    answers["set_password"] = {"error": "There is no user.", "remedy": "Check."}
    assert command.main(["reset-password", "bob@example.org", "--json"]) == command.WRONG_USE


def test_a_file_is_named_by_its_whole_path(
    answers: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answers["operate"] = {"changes": [], "registered": [], "warnings": [], "unchanged": 0, "dry_run": True}
    assert command.main(["apply", "site.toml", "--dry-run"]) == command.GOOD
    ((_, given, _),) = answers["asked"]
    assert given == {"command": "apply", "file": str(tmp_path / "site.toml"), "dry_run": True}
    answers["operate"] = {**answers["operate"], "needs_attention": True}
    assert command.main(["apply", "site.toml", "--dry-run", "--json"]) == command.ATTENTION
