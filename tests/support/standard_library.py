"""The modules that come with Python."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path


def standard_library() -> frozenset[str]:
    """Return the modules that come with Python; 3.9 has no list of them but its folder."""
    names = getattr(sys, "stdlib_module_names", None)
    if names is None:
        folder = Path(sysconfig.get_paths()["stdlib"])
        found = [*folder.iterdir(), *(folder / "lib-dynload").glob("*")]
        names = {path.name.partition(".")[0] for path in found} | {*sys.builtin_module_names}
    return frozenset(names) | {"__future__"}


STDLIB = standard_library()
