"""Rules for duplicates: records of the same thing with different uuids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class S3Duplicate:
    """A declarative duplicate rule, which the importer evaluates for whole sets of records.

    Attributes:
        primary: fields that must be known and equal.
        secondary: fields that must be equal where the incoming record has them.
        ignore_case: compare texts case-insensitively. Doubled and trailing blanks, and whether letters and their
            accents are one character or two, never count.
        ignore_deleted: deleted records are no duplicates.
    """

    primary: tuple[str, ...] = ("name",)
    secondary: tuple[str, ...] = ()
    ignore_case: bool = True
    ignore_deleted: bool = False
