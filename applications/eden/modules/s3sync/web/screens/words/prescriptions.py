"""What another site prescribes to this one, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ....site import Site
from ....site.labels import Translate, resource_title
from ....site.wanted.agreement import Excess, More
from ....site.wanted.followed import Followed
from .messages import MessageWords


def open_words(T: Translate) -> tuple[Any, Any, Any]:
    """Return why a repository needs attention whose prescription is not carried out, what to do, and a link's label."""
    return (
        T("The other site prescribes what is not carried out here. What was exchanged before goes on."),
        T("Look at what it is, and accept it or ask there."),
        T("Show what is prescribed"),
    )


def excess_lines(site: Site, T: Translate, found: Sequence[Excess]) -> list[Any]:
    """Return what is more than was agreed, a line each."""
    return [_line(T, each, resource_title(site, each.resource) if each.resource else "") for each in found]


def _line(T: Translate, found: Excess, title: str) -> Any:
    words: dict[More, Any] = {
        More.RESOURCE: T("%s are exchanged as well."),
        More.FETCH: T("%s are also fetched from there."),
        More.SEND: T("%s are also sent there."),
        More.PARTS: T("What belongs to %s travels with them."),
        More.RECORDS: T("More records of %s are sent there than was agreed."),
    }
    if found.more is More.POLICIES:
        return T("Where both sites changed the same field, the other site's version stays.")
    return words[found.more] % title


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
