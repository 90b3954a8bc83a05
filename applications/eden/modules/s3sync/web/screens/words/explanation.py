"""What an explanation of a state consists of, and where it leads."""

from __future__ import annotations

from typing import Any, NamedTuple

from gluon import URL

from ....monitoring.status import RepositoryStatus
from ....site.labels import Translate


class Explanation(NamedTuple):
    """Why a repository is in its state.

    Attributes:
        sentence: the reason.
        remedy: what to do, "" for nothing.
        label: label of the link to the page for it, None if there is none.
        url: address of that page.
    """

    sentence: Any
    remedy: Any = ""
    label: Any = None
    url: str | None = None


def tab_of(status: RepositoryStatus, *args: str, **variables: str) -> str:
    """Return the address of a tab of a repository."""
    address: str = URL("sync", "repository", args=[status.id, *args], vars=variables)
    return address


def progress(T: Translate, status: RepositoryStatus, text: Any) -> Explanation:
    """Return an explanation that leads to the progress of a run."""
    return Explanation(text, "", T("Watch the progress"), tab_of(status, "now"))


def begin(T: Translate, status: RepositoryStatus, text: Any, remedy: Any = "") -> Explanation:
    """Return an explanation that leads to the button for a run."""
    return Explanation(text, remedy, T("Synchronize now"), tab_of(status, "now"))


def unscheduled(T: Translate, status: RepositoryStatus, text: Any) -> Explanation:
    """Return an explanation that leads to the schedule."""
    return Explanation(
        text, T("It is not on the schedule."), T("Put it on the schedule"), tab_of(status, "job")
    )
