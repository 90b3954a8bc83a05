"""One supervised process: started in a group of its own, restarted when it dies, ended without leaving orphans."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

DIE_WITH_PARENT = "EDEN_DIE_WITH_PARENT"
PR_SET_PDEATHSIG = 1


def die_with_parent_if_asked() -> None:
    """Ends this process when the one that started it is killed; called first thing in a supervised process.

    The environment names the parent, so that a parent which died before this call is noticed as well.
    Only Linux can do this; elsewhere the processes outlive a supervisor that was killed with SIGKILL.
    """
    parent = os.environ.pop(DIE_WITH_PARENT, None)
    if parent is None:
        return
    signal_at_parents_death(signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit(1)


def signal_at_parents_death(number: int) -> None:
    """Asks the kernel to send this process a signal when its parent dies (prctl(2), Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
