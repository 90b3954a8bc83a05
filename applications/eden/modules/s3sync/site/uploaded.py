"""Where the files of records are stored."""

from __future__ import annotations

from pathlib import Path

from ..core.errors import NoSuchRecord
from ..core.text import shown
from . import Site


def upload_path(site: Site, stored: str) -> Path:
    """Return the path of one of this site's files.

    Args:
        site: this site.
        stored: name under which web2py stores it: table.field.key.name.extension.

    Raises:
        NoSuchRecord: no synchronised table has such a file, or it is not here.
        BadRequest: web2py would not give such a name.
    """
    tablename, _, rest = stored.partition(".")
    fieldname = rest.partition(".")[0]
    table = site.schema.get(tablename)
    known = table.fields.get(fieldname) if table is not None else None
    if known is None or known.kind != "upload":
        raise NoSuchRecord(f"There is no file {shown(stored)!r} at this site.")
    path = site.files.path(tablename, fieldname, stored)
    if not path.is_file():
        raise NoSuchRecord(f"The file {shown(stored)} is not at this site.")
    return path
