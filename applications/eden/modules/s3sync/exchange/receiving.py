"""What a run is told of a page while the page is on its way."""

from __future__ import annotations

from typing import Protocol


class Receiving(Protocol):
    """What is told of a page while it is received."""

    def next_begins(self, cursor: str) -> None:
        """Take note that another page begins at this cursor; the present one is still on the way."""
        ...

    def check(self) -> None:
        """Raise an error if the page is not wanted any more; called again and again while it is received."""
        ...
