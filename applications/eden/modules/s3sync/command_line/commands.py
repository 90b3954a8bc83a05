"""The commands by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..site import Site
from ..site.labels import Translate
from . import checks as checks
from . import from_file as from_file
from . import invitations as invitations
from . import lists as lists
from . import prescriptions as prescriptions
from . import runs as runs
from . import states as states
from .words import Refusal


def carry_out(site: Site, T: Translate, given: Mapping[str, Any], say: runs.Say) -> dict[str, Any]:
    """Carry out a command; return what it found, or why it was refused.

    Args:
        site: this site.
        T: web2py's translator.
        given: the command, with its options.
        say: is called with news while the command lasts.

    Returns:
        values for JSON; of a command that is refused ``error`` and ``remedy``.

    Raises:
        ValueError: there is no such command.
    """
    try:
        return _carry_out(site, T, given, say)
    except Refusal as refused:
        return {"error": refused.message, "remedy": refused.remedy}


def _carry_out(site: Site, T: Translate, given: Mapping[str, Any], say: runs.Say) -> dict[str, Any]:
    command = given["command"]
    if command == "status":
        return states.status(site, T)
    if command == "repositories":
        return states.repositories(site, T)
    if command == "conflicts":
        return lists.conflicts(site, T, given)
    if command == "log":
        return lists.log(site, T, given)
    if command == "sync":
        return runs.sync(site, T, given, say)
    if command == "invite":
        return invitations.invite(site, T, given)
    if command == "join":
        return invitations.join(site, given)
    if command == "prescription":
        return prescriptions.prescription(site, T, given)
    if command == "apply":
        return from_file.apply(site, given)
    if command == "doctor":
        return checks.doctor(site, T)
    raise ValueError(f"There is no command {command}.")
