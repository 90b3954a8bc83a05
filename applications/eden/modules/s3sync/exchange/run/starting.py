"""How something is done beside a run: in a thread of its own, or at once."""

from __future__ import annotations

import threading
from typing import Callable

#: Calls a function, at once or in a thread.
Start = Callable[[Callable[[], None]], None]


def in_a_thread(work: Callable[[], None]) -> None:
    """Call a function in a thread, which does not keep the process from ending."""
    threading.Thread(target=work, name="beside the run", daemon=True).start()


def at_once(work: Callable[[], None]) -> None:
    """Call a function."""
    work()
