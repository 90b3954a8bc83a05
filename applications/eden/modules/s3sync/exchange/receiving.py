"""What a run is told of a page while the page is on its way."""

from __future__ import annotations

from typing import Protocol


class Receiving(Protocol):
    """What is told of a page while it is received."""

    def next_begins(self, cursor: str, size: int) -> None:
        """Take note that another page begins at this cursor; the present one is still on the way.

        Args:
            cursor: the cursor.
            size: bytes of the present page on the line, 0 if the peer does not say.
        """
        ...

    def received(self, size: int) -> None:
        """Take note of what has arrived; called again and again while the page is received.

        Args:
            size: bytes of the page so far.

        Raises:
            Exception: whatever ends the request, if the page is not wanted any more.
        """
        ...
