"""The Chromium installed on this machine, for tests and screenshots. None is ever downloaded."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """Return the browser that EDEN_CHROMIUM names, else the first one on the path; None if there is none."""
    named = os.environ.get("EDEN_CHROMIUM")
    if named:
        return shutil.which(named)
    return next((found for name in NAMES if (found := shutil.which(name))), None)
