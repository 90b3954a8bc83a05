"""Which page is read next, and which ones of a writer are still of use. Nothing here knows a file system."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Callable

from .state import Page


def next_page(pages: Sequence[Page], cursor: str) -> Page | None:
    """Return the page to read after a cursor; None if there is none, or what lies between is not there.

    Only a page that begins exactly at the cursor follows it. So a page is read once, whatever copy of it comes again,
    and none is read before those that it builds on.

    Args:
        pages: all pages of a table that are there, in their order.
        cursor: the cursor up to which everything is stored here, "" for nothing.
    """
    following = [page for page in pages if page.start == cursor and page.cursor != cursor]
    if following:
        return following[0]
    if any(page.cursor == cursor for page in pages):
        return None
    return next((page for page in pages if page.restart), None)


def is_interrupted(pages: Sequence[Page], cursor: str) -> bool:
    """Return whether there are pages that were not read, but none that follows the cursor: some were lost."""
    if not pages or next_page(pages, cursor) is not None:
        return False
    return not any(page.cursor == cursor for page in pages)


def waiting(pages: Sequence[Page], page: Page) -> int:
    """Return the number of main records in a page and those after it."""
    return sum(each.count for each in pages if each.seq >= page.seq)


def unread(pages: Sequence[Page], cursor: str) -> int:
    """Return the number of main records in the pages that can be read one after the other from a cursor on.

    Args:
        pages, cursor: as for ``next_page``.
    """
    found, count = set[str](), 0
    while (page := next_page(pages, cursor)) is not None and page.cursor not in found:
        found.add(page.cursor)
        count += page.count
        cursor = page.cursor
    return count


def still_of_use(
    pages: Sequence[Page], start: str, known: Collection[str], is_whole: Callable[[Page], bool]
) -> list[Page]:
    """Return the pages that need not be written again: those that follow each other from a cursor.

    Args:
        pages: those that are there.
        start: the cursor up to which the reader has stored everything.
        known: the cursors that the writer remembers; one that it does not know is of a time before a backup.
        is_whole: returns whether the file of a page is as it was written.
    """
    found: list[Page] = []
    at = start
    while True:
        page = next((each for each in pages if each.start == at and each.cursor in known), None)
        if page is None or page in found or not is_whole(page):
            return found
        found.append(page)
        at = page.cursor
