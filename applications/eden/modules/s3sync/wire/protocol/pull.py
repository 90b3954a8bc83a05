"""The parameters of a pull."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ...core.cursor import RequestNumber
from ...core.errors import BadRequest
from ...core.limits import is_number
from ...core.text import shown
from ..filter_limits import together
from ..filters import Filter, is_filter, parse_filter, to_query
from .names import MOST_PER_PAGE
from .times import format_msince, parse_msince
from .variables import query_string, read_components, read_resource, read_single

# --- requests -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PullRequest:
    """What a site asks for.

    Attributes:
        resource: name of the main table.
        repository: uuid of the asking site.
        cursor: where the last page ended, "" for the start; None if the asking site has no cursors.
        limit: maximum number of main records in the answer, None for no limit.
        msince: only records modified since this time (UTC), for a site without cursors.
        components: whether components are sent with their masters.
        filters: conditions, joined by AND.
        checkpoint: the checkpoint from the last push of the asking site, which shows whether it still knows everything
            that it has pushed; "" if it knows none, None if it says nothing.
        total: whether the answer includes the number of main records after the cursor.
        look: whether this is a dry run: nothing of this request is stored.
        number: the asking site's number of this pull, None from a site without numbers.
        keep: whether the answer is kept for a while: the asking site goes on where it breaks off.
        columns: whether the asking site has a bad line, and takes the answer column by column (``wire.columns``).
        ahead: where the wanted page begins, if what lies between ``cursor`` and there is not stored at the asking site
            yet.
    """

    resource: str
    repository: str | None = None
    cursor: str | None = None
    limit: int | None = None
    msince: datetime | None = None
    components: bool = True
    filters: tuple[Filter, ...] = ()
    checkpoint: str | None = None
    total: bool = False
    look: bool = False
    number: RequestNumber | None = None
    keep: bool = False
    columns: bool = False
    ahead: str | None = None

    @classmethod
    def from_vars(cls, variables: Mapping[str, Any]) -> PullRequest:
        """Read a request from its URL variables (a repeated variable is a list).

        Raises:
            AnsweredWith200: there is no resource, or it is "mixed".
            FilterError: a filter cannot be read.
            BadRequest: another variable cannot be read.
        """
        msince = read_single(variables, "msince")
        limit = read_single(variables, "limit")
        cursor = read_single(variables, "cursor")
        # A task of an Eden says mcomponents=None unless somebody chose otherwise, and gets components all the same: an
        # Eden that answers does not look at it.
        also = () if cursor is None else ("mcomponents",)
        return cls(
            resource=read_resource(variables),
            repository=read_single(variables, "repository") or None,
            cursor=cursor,
            limit=None if limit is None else _limit(limit),
            msince=None if msince is None else parse_msince(msince),
            components=read_components(variables, *also),
            filters=_filters(variables),
            checkpoint=read_single(variables, "checkpoint"),
            total=read_single(variables, "total") == "1",
            look=read_single(variables, "look") == "1",
            number=RequestNumber.parse(read_single(variables, "number")),
            keep=read_single(variables, "keep") == "1",
            columns=read_single(variables, "columns") == "1",
            ahead=read_single(variables, "ahead") or None,
        )

    def with_limit(self, most: int) -> PullRequest:
        """Return the request for at most so many main records in the answer."""
        return replace(self, limit=most if self.limit is None else min(self.limit, most))

    def to_query(self) -> str:
        """Return the query string."""
        pairs: list[tuple[str, str | None]] = [
            ("resource", self.resource),
            ("repository", self.repository),
            ("cursor", self.cursor),
            ("ahead", self.ahead),
            ("limit", None if self.limit is None else str(self.limit)),
            ("msince", None if self.msince is None else format_msince(self.msince)),
            ("components", None if self.components else "None"),
            ("mcomponents", None if self.components else "None"),
            ("checkpoint", self.checkpoint),
            ("total", "1" if self.total else None),
            ("look", "1" if self.look else None),
            ("number", str(self.number) if self.number else None),
            ("keep", "1" if self.keep else None),
            ("columns", "1" if self.columns else None),
            ("include_deleted", "True"),
        ]
        query = query_string(pairs)
        return f"{query}&{to_query(self.filters)}" if self.filters else query


def _limit(text: str) -> int:
    if not (is_number(text) and int(text) > 0):
        raise BadRequest(
            f"limit cannot be read: {shown(text)!r}.", hint="Write a number of records, 1 or more."
        )
    return min(int(text), MOST_PER_PAGE)


def _filters(variables: Mapping[str, Any]) -> tuple[Filter, ...]:
    found: list[Filter] = []
    for name, value in variables.items():
        if is_filter(name):
            values = value if isinstance(value, (list, tuple)) else [value]
            found += (parse_filter(name, str(each)) for each in values)
    return together(found)
