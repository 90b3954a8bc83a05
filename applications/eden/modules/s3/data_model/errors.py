"""Errors of the data model, with messages for people."""

from __future__ import annotations


class S3Error(Exception):
    """Base of all errors of this package."""


class UnknownTable(S3Error):
    """This site does not have the named table."""

    def __init__(self, tablename: str) -> None:
        super().__init__(
            f"There is no table {tablename} at this site. "
            "Check the name, and whether its module is enabled in models/000_config.py."
        )
        self.tablename = tablename


class DeletionRestricted(S3Error):
    """A record cannot be deleted because others depend on it.

    Attributes:
        tablename: table of the record that was to be deleted.
        record_id: its id.
        referrers: number of live records that depend on it, by "table.field".
    """

    def __init__(self, tablename: str, record_id: int, referrers: dict[str, int]) -> None:
        uses = ", ".join(f"{count} by {where}" for where, count in sorted(referrers.items()))
        super().__init__(
            f"{tablename} {record_id} is still in use ({uses}) and was not deleted. "
            "Delete those records, or let them refer to another one, first."
        )
        self.tablename = tablename
        self.record_id = record_id
        self.referrers = referrers


class SchemaBusy(S3Error):
    """Another process has been preparing the database for too long."""


class SchemaOutdated(S3Error):
    """The database lacks what this version needs, and whoever asks may not change it."""
