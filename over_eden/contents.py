"""The list of what is laid into an Eden: each file or folder of this checkout, and where it goes in the application.

Everything else in that Eden stays as it is. ``controllers/sync.py`` takes the place of Eden's own file.
"""

from __future__ import annotations

from typing import NamedTuple


class Laid(NamedTuple):
    """A file or folder that is laid.

    Attributes:
        source: its path in this checkout.
        target: its path below ``applications/<name>`` of the Eden.
        replaces: whether an Eden has a file of its own there, which is kept for the way back.
    """

    source: str
    target: str
    replaces: bool = False


CONTENTS: tuple[Laid, ...] = (
    Laid("applications/eden/modules/s3sync", "modules/s3sync"),
    Laid("over_eden/models/0000_eden_sync.py", "models/0000_eden_sync.py"),
    Laid("over_eden/models/00_tables_eden_sync.py", "models/00_tables_eden_sync.py"),
    Laid("over_eden/models/tasks_eden_sync.py", "models/tasks_eden_sync.py"),
    Laid("applications/eden/controllers/sync.py", "controllers/sync.py", replaces=True),
    # Eden's own views/sync is one page, index.html; the others are new there.
    Laid("applications/eden/views/sync", "views/sync", replaces=True),
    Laid("applications/eden/static/sync", "static/sync"),
    # In a folder of their own: the files of the same names in languages/ are that Eden's.
    Laid("applications/eden/languages", "languages/eden_sync"),
)

#: Never laid, wherever they lie in a folder of the list.
LEFT_OUT = ("__pycache__", "*.pyc")

#: Written by ``s3sync.administration.over_eden.prepare`` once the database is prepared; without it all is switched off.
PREPARED = "private/eden-sync/facts.json"
