"""Tags of records in HTTP, and the condition that a record still has one of them (RFC 9110, 8.8.3 and 13.1.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..core.errors import BadRequest

_ONE = r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"'
_TAG, _LIST = re.compile(_ONE), re.compile(rf"\s*{_ONE}(?:\s*,\s*{_ONE})*\s*")


def written(tag: str) -> str:
    """Return a tag as headers have it."""
    return f'"{tag}"'


@dataclass(frozen=True)
class IfMatch:
    """The condition under which a request shall change a record.

    Attributes:
        tags: the tags of which one shall be that of the record, None where any version will do.
    """

    tags: frozenset[str] | None

    def holds(self, tag: str | None) -> bool:
        """Return whether the condition holds.

        Args:
            tag: tag of the record, None if it is gone.
        """
        return tag is not None and (self.tags is None or tag in self.tags)


def if_match(request: Any) -> IfMatch | None:
    """Return the condition of a request, None if it has none.

    Raises:
        BadRequest: it cannot be read.
    """
    header: str | None = request.env.http_if_match
    if header is None:
        return None
    if header.strip() == "*":
        return IfMatch(None)
    if not _LIST.fullmatch(header):
        raise BadRequest(
            "If-Match cannot be read.", hint="Send the ETag of the record as it came, with its quotes."
        )
    # A weak tag is none of ours, and equal to nothing where a change depends on it.
    return IfMatch(frozenset(tag for weak, tag in _TAG.findall(header) if not weak))
