"""Labels of what records wait for."""

from __future__ import annotations

from typing import Any

from gluon import CAT

from ....site import Repository
from ....site.awaited import Awaited
from ....site.labels import Translate
from ....wire.protocol.names import PeerCapability


def kinds(T: Translate) -> dict[Awaited, Any]:
    """Return the labels of the lists."""
    return {
        Awaited.FILES: T("Files that have not come yet"),
        Awaited.GIVEN_UP: T("Files that nobody asks for any more"),
        Awaited.REFERENCES: T("References to records that have not come yet"),
        Awaited.ELSEWHERE: T("What other sites have not brought"),
        Awaited.THERE: T("Files that the other site has not got"),
    }


def explained(T: Translate, repository: Repository) -> dict[Awaited, Any]:
    """Return what becomes of each.

    Args:
        T: the translator.
        repository: the one that has brought the records.
    """
    return _explained(T) | ({} if repository.url else {Awaited.FILES: _not_asked(T, repository)})


def _not_asked(T: Translate, repository: Repository) -> Any:
    """Return what becomes of files of a site that this one never asks: it has no address of it."""
    if PeerCapability.FILES in repository.capabilities:
        return T("The other site has not sent them yet: its next run does.")
    return T(
        "The other site is a Sahana Eden, which sends no files, and this site has no address to ask it for them. "
        "Enter its address and an account at Configuration, and synchronize: they come then."
    )


def _explained(T: Translate) -> dict[Awaited, Any]:
    return {
        Awaited.FILES: T(
            "The other site did not have them when this site asked. They are asked for again until they come, less "
            "often as time goes by."
        ),
        Awaited.GIVEN_UP: T(
            "A person stopped asking for them. An edit of the record at the other site, or to compare everything "
            "again, asks for its file once more."
        ),
        Awaited.REFERENCES: CAT(
            T("Each is set by itself as soon as the record or file arrives."),
            " ",
            T("Let both sites exchange the resources to which these records refer."),
        ),
        Awaited.ELSEWHERE: T(
            "These records came from other sites, without a file or a record that they refer to. Whether this other "
            "site has it is not known."
        ),
        Awaited.THERE: T("They are sent again until the other site has them, less often as time goes by."),
    }
