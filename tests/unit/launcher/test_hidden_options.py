"""Passwords given as options are not left in the list of processes, nor handed on to children."""

from __future__ import annotations

import os
from typing import Any

import pytest

from launcher import hidden_options as hidden_options


@pytest.mark.parametrize(
    ("given", "kept", "found"),
    [
        (["run", "--port", "8000"], ["run", "--port", "8000"], {}),
        (
            ["run", "--admin-password", "p w", "--exit"],
            ["run", "--exit"],
            {"EDEN_OPTION_ADMIN_PASSWORD": "p w"},
        ),
        (
            ["run", "--database=postgres://u:p=q@h/d"],
            ["run"],
            {"EDEN_OPTION_DATABASE": "postgres://u:p=q@h/d"},
        ),
        (["run", "--database"], ["run"], {"EDEN_OPTION_DATABASE": ""}),
    ],
)
def test_options_with_secrets_become_variables(
    given: list[str], kept: list[str], found: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    monkeypatch.setattr(os, "execve", lambda *how: started.append(how))
    assert hidden_options.split(given) == (kept, found)
    hidden_options.hide("program.py", given, {"HOME": "/"})
    assert [(each[1][1:], each[2]) for each in started] == (
        [(["program.py", *kept], {"HOME": "/", **found})] if found else []
    )


def test_a_hidden_value_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDEN_OPTION_DATABASE", "postgres://u:p@h/d")
    assert hidden_options.revealed(None, "--database") == "postgres://u:p@h/d"
    assert "EDEN_OPTION_DATABASE" not in os.environ and hidden_options.revealed(None, "--database") is None
    assert hidden_options.revealed("given", "--database") == "given"
