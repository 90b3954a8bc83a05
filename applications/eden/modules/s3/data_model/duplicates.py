"""Which records are the same thing under another uuid."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class S3Duplicate:
    """A declarative duplicate rule, evaluated for whole sets of records by the importer.

    Attributes:
        primary: fields that must be known and equal.
        secondary: fields that must be equal where the incoming record has them.
        ignore_case: compare texts without regard to case.
        ignore_deleted: deleted records are no duplicates.
    """

    primary: tuple[str, ...] = ("name",)
    secondary: tuple[str, ...] = ()
    ignore_case: bool = True
    ignore_deleted: bool = False
