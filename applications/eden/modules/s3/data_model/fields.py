"""Columns that several tables have, and shortcuts for common kinds of columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gluon import Field
from gluon.validators import (
    IS_DATE,
    IS_DATETIME,
    IS_EMAIL,
    IS_EMPTY_OR,
    IS_FLOAT_IN_RANGE,
    IS_INT_IN_RANGE,
    IS_LENGTH,
    IS_NOT_EMPTY,
    IS_TIME,
)

from s3sync.ui.choice import Choice

from .represent import ReferenceLabel, choice_label
from .validators import ReferenceTo, WebAddress

if TYPE_CHECKING:
    from .datamodel import S3DataModel

MAX_COMMENTS = 32768
MAX_FILENAME = 255
#: Largest number in an integer column on all databases.
MAX_INTEGER = 2**31 - 1


class Columns:
    """Makes columns for the models of one site.

    Args:
        s3db: the site's data model.
    """

    def __init__(self, s3db: S3DataModel) -> None:
        self.s3db = s3db
        self.T = s3db.T

    def text(self, name: str, label: str, length: int = 512, required: bool = False, **options: Any) -> Field:
        """Make a column for a line of text; a required one is never NULL."""
        length_rule = IS_LENGTH(length)
        options.setdefault(
            "requires", [IS_NOT_EMPTY(), length_rule] if required else IS_EMPTY_OR(length_rule)
        )
        return Field(name, length=length, notnull=required, label=self.T(label), **options)

    def name(self, length: int = 64, label: str = "Name", **options: Any) -> Field:
        """Make the column for the record's name, which is required."""
        return self.text("name", label, length=length, required=True, **options)

    def long_text(self, name: str, label: str, **options: Any) -> Field:
        """Make a column for text of several lines."""
        options.setdefault("requires", IS_EMPTY_OR(IS_LENGTH(MAX_COMMENTS)))
        return Field(name, "text", label=self.T(label), **options)

    def comments(self) -> Field:
        """Make the column for comments."""
        return self.long_text("comments", "Comments")

    def email(self, name: str = "email", label: str = "Email") -> Field:
        """Make a column for an e-mail address."""
        return self.text(name, label, requires=IS_EMPTY_OR(IS_EMAIL()))

    def website(self, name: str = "website", label: str = "Website") -> Field:
        """Make a column for a web address."""
        return self.text(name, label, requires=IS_EMPTY_OR(WebAddress()))

    def integer(
        self,
        name: str,
        label: str,
        minimum: int | None = None,
        maximum: int = MAX_INTEGER,
        **options: Any,
    ) -> Field:
        """Make a column for a whole number from ``minimum`` to ``maximum``."""
        low = -MAX_INTEGER - 1 if minimum is None else minimum
        rule = IS_EMPTY_OR(IS_INT_IN_RANGE(low, maximum + 1))
        return Field(name, "integer", label=self.T(label), requires=rule, **options)

    def double(self, name: str, label: str, low: float, high: float, **options: Any) -> Field:
        """Make a column for a number from ``low`` to ``high``."""
        rule = IS_EMPTY_OR(IS_FLOAT_IN_RANGE(low, high))
        return Field(name, "double", label=self.T(label), requires=rule, **options)

    def boolean(self, name: str, label: str, default: bool = False, **options: Any) -> Field:
        """Make a column for yes or no."""
        T = self.T
        return Field(
            name,
            "boolean",
            default=default,
            label=T(label),
            represent=lambda value, row=None: T("Yes") if value else T("No"),
            **options,
        )

    def choice(
        self, name: str, label: str, labels: Mapping[Any, Any], default: Any = None, **options: Any
    ) -> Field:
        """Make a column for one of a few values; its type follows from the values."""
        kind = "integer" if all(isinstance(value, int) for value in labels) else "string"
        rule: Any = Choice(labels)
        return Field(
            name,
            kind,
            default=default,
            label=self.T(label),
            requires=rule if default is not None else IS_EMPTY_OR(rule),
            represent=choice_label(labels),
            **options,
        )

    def choices(self, name: str, label: str, labels: Mapping[int, Any], **options: Any) -> Field:
        """Make a column for a list of numbers out of a few."""
        return Field(
            name,
            "list:integer",
            label=self.T(label),
            requires=IS_EMPTY_OR(Choice(labels, multiple=True)),
            represent=choice_label(labels),
            **options,
        )

    def date(self, name: str = "date", label: str = "Date", **options: Any) -> Field:
        """Make a column for a date."""
        return Field(name, "date", label=self.T(label), requires=IS_EMPTY_OR(IS_DATE()), **options)

    def datetime(self, name: str = "date", label: str = "Date", **options: Any) -> Field:
        """Make a column for a date and time, UTC."""
        return Field(name, "datetime", label=self.T(label), requires=IS_EMPTY_OR(IS_DATETIME()), **options)

    def time(self, name: str, label: str, **options: Any) -> Field:
        """Make a column for a time of day."""
        return Field(name, "time", label=self.T(label), requires=IS_EMPTY_OR(IS_TIME()), **options)

    def upload(self, name: str, label: str, **options: Any) -> Field:
        """Make a column for a file in the site's uploads folder."""
        options.setdefault("autodelete", False)
        return Field(name, "upload", length=MAX_FILENAME, label=self.T(label), **options)

    def reference(
        self,
        tablename: str,
        name: str | None = None,
        label: str = "",
        required: bool = False,
        ondelete: str = "SET NULL",
        **options: Any,
    ) -> Field:
        """Make a column for a reference to a record of another table.

        Args:
            tablename: table referred to.
            name: name of the column; by default the table's name without its module, and "_id".
            label: label in forms.
            required: refuse a record without it.
            ondelete: what happens to this record when the other one is deleted: CASCADE, SET NULL, RESTRICT.
        """
        name = name or tablename.split("_", 1)[1] + "_id"
        options.setdefault("requires", ReferenceTo(self.s3db, tablename, required=required))
        options.setdefault("represent", ReferenceLabel(self.s3db, tablename))
        return Field(
            name,
            f"reference {tablename}",
            label=self.T(label or name[:-3].replace("_", " ").capitalize()),
            ondelete=ondelete,
            notnull=required,
            **options,
        )

    def references(self, tablename: str, name: str, label: str, **options: Any) -> Field:
        """Make a column for a list of references to records of another table."""
        return Field(
            name,
            f"list:reference {tablename}",
            label=self.T(label),
            requires=ReferenceTo(self.s3db, tablename, multiple=True),
            represent=ReferenceLabel(self.s3db, tablename),
            **options,
        )

    def label(self, tablename: str) -> ReferenceLabel:
        """Return a represent function for references to a table."""
        return ReferenceLabel(self.s3db, tablename)

    def location(self, **options: Any) -> Field:
        """Make the column for the location."""
        return self.reference("gis_location", label="Location", **options)

    def organisation(self, **options: Any) -> Field:
        """Make the column for the responsible organisation."""
        options.setdefault("label", "Organization")
        return self.reference("org_organisation", **options)

    def person(self, **options: Any) -> Field:
        """Make the column for a person."""
        options.setdefault("label", "Person")
        return self.reference("pr_person", **options)
