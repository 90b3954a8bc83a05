"""The formats that an operator has set up: a folder each, with ``import.xsl``, ``export.xsl`` or both.

They lie in the folder ``private/formats`` of the application. Nobody names a file or an address: a request, a file and
a repository have the plain name of a format.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

#: Where they are, below the folder of the application.
HOME = Path("private", "formats")
NAME = re.compile(r"[a-z][a-z0-9_]{1,31}")
#: Names that mean something else at an address or as the end of a file's name.
TAKEN = frozenset(
    (
        "xml",
        "s3json",
        "json",
        "csv",
        "xlsx",
        "geojson",
        "html",
        "load",
        "part",
        "tmp",
        "gz",
        "zip",
        "txt",
        "tsv",
    )
)
IMPORT, EXPORT = "import.xsl", "export.xsl"
MOST_FORMATS = 100


class Format(NamedTuple):
    """A format.

    Attributes:
        name: its name.
        folder: where its stylesheets are.
    """

    name: str
    folder: Path

    @property
    def reads(self) -> bool:
        """Whether documents of it can be taken."""
        return (self.folder / IMPORT).is_file()

    @property
    def writes(self) -> bool:
        """Whether documents of it can be written."""
        return (self.folder / EXPORT).is_file()


def is_name(name: str) -> bool:
    """Return whether a format can have a name."""
    return bool(NAME.fullmatch(name)) and name not in TAKEN


def found(root: Path, name: str) -> Format | None:
    """Return a format, None if there is none of this name.

    Args:
        root: the folder of all formats.
        name: from whoever asks.
    """
    if not is_name(name):
        return None
    one = Format(name, root / name)
    return one if one.reads or one.writes else None


def listed(root: Path) -> list[Format]:
    """Return all formats, by name.

    Args:
        root: the folder of all formats; it may be missing.
    """
    if not root.is_dir():
        return []
    names = sorted(each.name for each in root.iterdir())[:MOST_FORMATS]
    return [one for one in (found(root, name) for name in names) if one is not None]
