"""The Chromium that is on this machine, for tests and pictures of the screens; none is ever downloaded."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """The browser's program: what EDEN_CHROMIUM names, else the first on the path; None when there is none."""
    named = os.environ.get("EDEN_CHROMIUM")
    if named:
        return shutil.which(named)
    return next((found for name in NAMES if (found := shutil.which(name))), None)
