"""Options with secrets, which other users of the machine could read in the list of processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

#: Option -> the variable of the environment that takes its place between two starts of this program. It is not one that
#: people set: what stands in their environment for good asks for nothing.
VARIABLES = {"--admin-password": "EDEN_OPTION_ADMIN_PASSWORD", "--database": "EDEN_OPTION_DATABASE"}


def split(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the arguments without options with secrets, and the variables with their values.

    Args:
        arguments: of the command.
    """
    kept: list[str] = []
    found: dict[str, str] = {}
    rest = iter(arguments)
    for argument in rest:
        name, given, value = argument.partition("=")
        if name not in VARIABLES:
            kept.append(argument)
        elif given:
            found[VARIABLES[name]] = value
        else:
            found[VARIABLES[name]] = next(rest, "")
    return kept, found


def hide(program: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Start this program anew without options that hold secrets, if there are any.

    Args:
        program: path of the program, a Python file.
        arguments: its arguments.
        environment: its environment.
    """
    kept, found = split(arguments)
    if found:
        os.execve(sys.executable, [sys.executable, program, *kept], {**environment, **found})


def revealed(value: str | None, option: str) -> str | None:
    """Return the value of an option, from the environment if it was hidden there; no child process inherits it."""
    hidden = os.environ.pop(VARIABLES[option], None)
    return value or hidden or None
