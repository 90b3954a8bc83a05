"""Reads the values of a table of the file, by their types; what nobody asks for is an unknown key."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from .problems import Findings, meant

T = TypeVar("T")
_KINDS = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


class Told:
    """A table of the file.

    Args:
        findings: takes what is wrong.
        folder: that of the file, for files that it names.
        place: of the table in the file, "" for the whole.
        values: its values.
    """

    def __init__(self, findings: Findings, folder: Path, place: str, values: Mapping[str, Any]) -> None:
        self.findings, self.folder, self.place = findings, folder, place
        self._values = values
        self._asked: set[str] = set()

    def at(self, name: str) -> str:
        """Return the place of a key."""
        return f"{self.place}.{name}" if self.place else name

    def wrong(self, name: str, message: str, remedy: str) -> None:
        """Note that something is wrong with a key, "" for the table itself."""
        self.findings.add(self.at(name) if name else self.place, message, remedy)

    def has(self, name: str) -> bool:
        """Return whether a key is there."""
        self._asked.add(name)
        return name in self._values

    def _value(self, name: str, *kinds: type) -> Any:
        """Return the value of a key, None if it is missing or of another type."""
        if not self.has(name):
            return None
        value = self._values[name]
        # In Python true is a number, in TOML it is none.
        if (isinstance(value, bool) and bool not in kinds) or not isinstance(value, kinds):
            wanted = _KINDS[kinds[0]]
            self.wrong(name, f"This is not {wanted}.", f"Write {wanted}{_example(kinds[0])}.")
            return None
        return value

    def text(self, name: str, *, needed: bool = False, most: int = 512) -> str | None:
        """Return a text without blanks around it; None if it is missing.

        Args:
            name: the key.
            needed: whether it has to be there, and not empty.
            most: maximum number of characters.
        """
        value = self._value(name, str)
        if value is None:
            if needed and not self.has(name):
                self.wrong("", f"The key {name} is missing.", f'Write {name} = "...".')
            return None
        text = str(value).strip()
        if needed and not text:
            self.wrong(name, "This is empty.", "Write a value.")
        if len(text) > most or not text.isprintable():
            self.wrong(
                name, f"This is longer than {most} characters, or on several lines.", "Make it shorter."
            )
            return None
        return text

    def whole(self, name: str, least: float, most: float) -> Any:
        """Return a whole number between two bounds, None if it is missing."""
        value = self._value(name, int)
        return None if value is None else self._bounded(name, value, least, most)

    def number(self, name: str, least: float, most: float) -> Any:
        """Return a number between two bounds, None if it is missing."""
        value = self._value(name, float, int)
        return None if value is None else self._bounded(name, value, least, most)

    def _bounded(self, name: str, value: Any, least: Any, most: Any) -> Any:
        if least <= value <= most:
            return value
        self.wrong(name, f"{value} is not between {least} and {most}.", "Write a number between these.")
        return None

    def flag(self, name: str, usual: bool) -> bool:
        """Return true or false."""
        value = self._value(name, bool)
        return usual if value is None else bool(value)

    def choice(self, name: str, choices: Mapping[str, T], usual: T) -> T:
        """Return what one of some names stands for; upper and lower case are the same."""
        value = self._value(name, str)
        return usual if value is None else self._chosen(name, value, choices, usual)

    def _chosen(self, name: str, value: str, choices: Mapping[str, T], usual: T) -> T:
        if value.lower() in choices:
            return choices[value.lower()]
        self.wrong(name, f"{value!r} is not possible.", f"Write one of {', '.join(choices)}.")
        return usual

    def choices(self, name: str, choices: Mapping[str, T], usual: Collection[T]) -> tuple[T, ...]:
        """Return what several of some names stand for."""
        value = self.texts(name)
        if value is None:
            return tuple(usual)
        found = [self._chosen(name, each, choices, next(iter(choices.values()))) for each in value]
        if not found:
            self.wrong(name, "This is empty.", f"Write one or more of {', '.join(choices)}.")
        return tuple(each for each in choices.values() if each in found)

    def texts(self, name: str) -> list[str] | None:
        """Return a list of texts, or one as a list; None if it is missing."""
        value = self._value(name, list, str)
        if value is None:
            return None
        if isinstance(value, str):
            return [value]
        if all(isinstance(each, str) for each in value):
            return [str(each) for each in value]
        self.wrong(name, "Not all of this list is text.", 'Write texts in quotes: ["...", "..."].')
        return None

    def table(self, name: str) -> Told | None:
        """Return a table in this one, None if it is missing."""
        value = self._value(name, dict)
        return None if value is None else Told(self.findings, self.folder, self.at(name), value)

    def tables(self, name: str) -> list[Told] | None:
        """Return a list of tables in this one, None if it is missing."""
        value = self._value(name, list)
        if value is None:
            return None
        if not all(isinstance(each, dict) for each in value):
            self.wrong(name, "Not all of this list are tables.", f"Begin each with [[{name}]].")
            return None
        return [
            Told(self.findings, self.folder, f"{self.at(name)}[{number}]", each)
            for number, each in enumerate(value, 1)
        ]

    def secret(self, name: str) -> str | None:
        """Return a secret: from the file itself, a variable of the environment, or a file of its own.

        Args:
            name: the key; ``name_env`` names a variable, ``name_file`` a file, by its path from the folder of this one.

        Returns:
            the secret, None if none is given.
        """
        ways = {f"{name}_env": _from_environment, f"{name}_file": self._from_file}
        given = [each for each in (name, *ways) if self.has(each)]
        if len(given) > 1:
            self.wrong(given[1], f"There is {given[0]} already.", "Leave one of them out.")
        if not given:
            return None
        # Told as it is: blanks may belong to it.
        value = self._value(given[0], str)
        if value is None or given[0] == name:
            return value or None
        try:
            found = ways[given[0]](value)
        except (OSError, UnicodeDecodeError, KeyError) as error:
            why = error.strerror if isinstance(error, OSError) else "there is none"
            self.wrong(
                given[0], f"{value} cannot be read: {why}.", "Set it for this command, or correct its name."
            )
            return None
        if not found:
            self.wrong(given[0], f"{value} is empty.", "Put the secret there.")
        return found or None

    def _from_file(self, path: str) -> str:
        return (self.folder / Path(path).expanduser()).read_text(encoding="utf-8").rstrip("\r\n")

    def end(self) -> None:
        """Note keys that nobody asked for: they would be without effect."""
        for name in self._values:
            if name not in self._asked:
                self.wrong(name, f"There is no key {name} here.", meant(name, self._asked))


def _from_environment(name: str) -> str:
    return os.environ[name]


def _example(kind: type) -> str:
    return {str: ' in quotes: "..."', int: ": 15", list: ": [...]"}.get(kind, "")


def read_span(told: Told, name: str, read: Callable[[str], int | None]) -> int | None:
    """Return the seconds of a text such as "15 minutes", None if it is missing or none."""
    value = told.text(name, needed=True)
    if not value:
        return None
    found = read(value)
    if found is None:
        told.wrong(name, f"{value!r} is no time.", 'Write a number and a unit: "15 minutes".')
    return found


_SPAN = re.compile(r"(\d{1,6})\s*(second|minute|hour|day)s?")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


def seconds_of(text: str) -> int | None:
    """Return the seconds of a text such as "15 minutes", None if it is none, or 0."""
    found = _SPAN.fullmatch(text.strip().lower())
    return (int(found[1]) * _SECONDS[found[2]]) or None if found else None
