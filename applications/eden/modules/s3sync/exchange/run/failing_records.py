"""Finds the records on which a peer fails, so that they do not hold up all that comes after them.

A Sahana Eden takes a page as a whole, and answers with an internal error where one record makes it fail. Halves of the
page are sent until that record is alone. It counts as refused as soon as the peer takes another one: who fails with
all of them has a fault of its own, and nothing is passed over.
"""

from __future__ import annotations

from typing import ClassVar

from ...core.errors import PeerFailed
from ..peer import PushResult, Refusal
from .ports import PushPage


class FailingRecords:
    """The records of one task on which the peer fails, in one run.

    Args:
        resource: name of the table.
        page_size: maximum number of main records in a page.

    Attributes:
        limit: maximum number of main records in the next page.
        after: position in our journal after the last record that is passed over.
        most: maximum number of records on which the peer may fail in a row.
    """

    most: ClassVar[int] = 3

    def __init__(self, resource: str, page_size: int) -> None:
        self._resource = resource
        self._page_size = page_size
        self._found: list[Refusal] = []
        self._failure: PeerFailed | None = None
        self.limit = page_size
        self.after = 0

    def failed(self, page: PushPage, failure: PeerFailed) -> None:
        """Note that the peer failed with a page.

        Args:
            page: the page.
            failure: its answer.

        Raises:
            PeerFailed: it fails with too many records in a row.
        """
        self._failure = failure
        if page.count > 1:
            self.limit = page.count // 2
            return
        if len(self._found) == self.most:
            raise failure
        self._found.append(Refusal(self._resource, page.uuid, failure.message))
        self.after, self.limit = page.position, 1

    def passes_over(self, page: PushPage) -> bool:
        """Return whether nothing may be stored of an empty page yet, because records before it are open."""
        if self._found:
            self.after = page.position
        return bool(self._found)

    def taken(self, result: PushResult) -> None:
        """Note that the peer took a page: what it failed with before is refused, as its result tells then."""
        if self._found:
            result.refusals = [*self._found, *result.refusals]
            counted = result.outcomes.get("rejected", 0)
            result.outcomes = {**result.outcomes, "rejected": counted + len(self._found)}
            self._found, self.limit = [], self._page_size

    def rest(self, takes: bool) -> PushResult | None:
        """Return the result of the records that are left at the end, None for none.

        Args:
            takes: whether the peer took other records of the task in this run.

        Raises:
            PeerFailed: it took none.
        """
        if not self._found or self._failure is None:
            return None
        if not takes:
            raise self._failure
        result = PushResult()
        self.taken(result)
        return result
