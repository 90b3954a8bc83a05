"""Labels of what records wait for."""

from __future__ import annotations

from typing import Any

from gluon import CAT

from ....site.awaited import Awaited
from ....site.labels import Translate


def kinds(T: Translate) -> dict[Awaited, Any]:
    """Return the labels of the lists."""
    return {
        Awaited.FILES: T("Files that have not come yet"),
        Awaited.GIVEN_UP: T("Files that nobody asks for any more"),
        Awaited.REFERENCES: T("References to records that have not come yet"),
        Awaited.ELSEWHERE: T("What other sites have not brought"),
        Awaited.THERE: T("Files that the other site has not got"),
    }


def explained(T: Translate) -> dict[Awaited, Any]:
    """Return what becomes of each."""
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
