"""What another site prescribes to this one, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ....core.task import Mode
from ....site import Site
from ....site.labels import Translate, resource_title
from ....site.wanted.agreement import Excess, More
from ....site.wanted.followed import Followed
from ....wire.protocol.invitation import InvitedResource
from ....wire.protocol.prescription import Prescription
from .messages import MessageWords


def open_words(T: Translate) -> tuple[Any, Any, Any]:
    """Return why a repository needs attention whose prescription is not carried out, what to do, and a link's label."""
    return (
        T("The other site prescribes what is not carried out here. What was exchanged before goes on."),
        T("Look at what it is, and accept it or ask there."),
        T("Show what is prescribed"),
    )


def excess_lines(site: Site, T: Translate, found: Sequence[Excess], told: Prescription | None) -> list[Any]:
    """Return what is more than was agreed, a line each.

    Args:
        site: this site.
        T: the translator.
        found: what is more.
        told: the prescription that it is of; None where nothing is found.
    """
    known = {each.resource: each for each in told.resources} if told is not None else {}
    return [_line(site, T, each, known.get(each.resource)) for each in found]


def _line(site: Site, T: Translate, found: Excess, told: InvitedResource | None) -> Any:
    if told is None:
        return T("Where both sites changed the same field, the other site's version stays.")
    line = str(_words(T, found.more, told.mode) % resource_title(site, told.resource))
    if told.filters and found.more in (More.RESOURCE, More.SEND, More.RECORDS):
        return f"{line} {T('Only if: %s') % told.filters}"
    return line


def _words(T: Translate, more: More, mode: Mode) -> Any:
    """Return what is more of a resource, with the place of its title."""
    if more is More.RESOURCE:
        # Who accepts it has to see whether records leave this site.
        ways = {
            Mode.PULL: T("%s are exchanged as well: fetched from there."),
            Mode.PUSH: T("%s are exchanged as well: sent there."),
        }
        return ways.get(mode, T("%s are exchanged as well: fetched from there and sent there."))
    words: dict[More, Any] = {
        More.FETCH: T("%s are also fetched from there."),
        More.SEND: T("%s are also sent there."),
        More.PARTS: T("What belongs to %s travels with them."),
        More.RECORDS: T("More records of %s are sent there than was agreed."),
    }
    return words[more]


class _Stored(NamedTuple):
    """A stored message, as ``MessageWords`` takes it."""

    code: str | None
    message: str | None
    remedy: str | None
    params: Any


def problem_words(T: Translate, followed: Followed) -> str:
    """Return why what was told is not carried out, "" if it is."""
    stored = followed.problem
    if not stored:
        return ""
    told = {name: stored[name] for name in ("code", "params") if name in stored}
    return MessageWords(T).message(_Stored(None, str(stored.get("text") or ""), None, {"message": [told]}))
