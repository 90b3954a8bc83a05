"""Tells Python which modules are the application's alone.

web2py's importer takes ``from s3sync import ...`` for a module of Python first, and looks into the application's folder
``modules`` when Python has found none. Python looks through all its folders for it, for each such line of each request.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_declared: set[str] = set()


def declare_own_modules(folder: str) -> None:
    """Let Python find at once that it has no module of the names that the application's own have.

    Args:
        folder: the application's folder.
    """
    if folder in _declared:
        return
    _declared.add(folder)
    for path in sorted(Path(folder, "modules").iterdir()):
        name = path.stem
        if not (name.isidentifier() and (path.suffix == ".py" or (path / "__init__.py").exists())):
            continue
        if name not in sys.modules and importlib.util.find_spec(name) is None:
            # Documented: None in this place means that there is no such module.
            sys.modules[name] = None  # type: ignore[assignment]
