"""The uploaded files of this site, where web2py stores them (ports.Files)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Callable

from ..core.clock import Clock
from ..core.errors import BadRequest
from ..wire.protocol.file_address import FileAddresses
from ..wire.protocol.names import DOWNLOAD_PATH
from ..wire.values.uploads import is_stored_name, kept_path, original_name


def _folder(column: Any, stored: str) -> Path:
    folder = Path(column.uploadfolder or Path(column.db._adapter.folder, "..", "uploads"))
    return folder / str(column) / stored.split(".")[2][:2] if column.uploadseparate else folder


def name_downloads(column: Any) -> None:
    """Let web2py download files of an upload field under their original names, also where it had cut them off.

    Args:
        column: the pydal field.
    """
    column.custom_retrieve_file_properties = lambda stored, path: {
        "path": str(path or _folder(column, stored)),
        "filename": original_name(stored),
    }


def holders(column: Any, stored: str) -> list[int]:
    """Return the keys of the records, deleted ones left out, that have a file of this name in an upload field.

    Args:
        column: the pydal field.
        stored: the file's stored name.
    """
    table = column.table
    query = column == stored
    if "deleted" in table.fields:
        query &= (table.deleted == False) | (table.deleted == None)  # noqa: E711, E712
    return [row[table._id] for row in column.db(query).select(table._id)]


class SiteFiles:
    """The files of the upload fields of a site.

    Args:
        table: returns the pydal table of a name.
        site_url: URL of the site's application, without a slash at its end.
        key_for: returns a key of this site for a purpose.
        clock: the site's clock.

    Attributes:
        addresses: those that need no account.
    """

    def __init__(
        self,
        table: Callable[[str], Any],
        site_url: str,
        key_for: Callable[[str], bytes],
        clock: Clock,
    ) -> None:
        self._table = table
        self._site_url = site_url
        self.addresses = FileAddresses(partial(key_for, "addresses of files"), clock.now)

    def holders(self, table: str, field: str, stored: str) -> list[int]:
        """Return the keys of the records, deleted ones left out, that have a file of this name.

        Args:
            table, field: where.
            stored: its stored name.
        """
        return holders(self._table(table)[field], stored)

    def has(self, table: str, field: str, stored: str) -> bool:
        """See ports.Files."""
        if is_stored_name(stored, table, field):
            return self.path(table, field, stored).is_file()
        folder = self._table(table)[field].uploadfolder
        return bool(folder) and kept_path(folder, stored) is not None

    def path(self, table: str, field: str, stored: str) -> Path:
        """See ports.Files.

        The folder is the field's ``uploadfolder``, or ``uploads`` beside the databases. With ``uploadseparate`` pydal
        distributes the files over folders by the beginning of their key.
        """
        if not is_stored_name(stored, table, field):
            raise BadRequest(f"{stored[:200]!r} is not the name of a file of {table}.{field}.")
        return Path(_folder(self._table(table)[field], stored), stored)

    def url(self, table: str, field: str, stored: str) -> str:
        """See ports.Files."""
        return f"{self._site_url}/{DOWNLOAD_PATH}/{stored}"

    def signed_url(self, table: str, field: str, stored: str) -> str:
        """See ports.Files."""
        return f"{self._site_url}/{self.addresses.path(stored)}"
