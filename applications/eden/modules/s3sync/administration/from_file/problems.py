"""What is wrong with a file, each with its place, and what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from ...core.errors import ConfigurationError

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.\-]+)\s*\]\]?")
_KEY = re.compile(r"\s*([\w\-]+(?:\s*\.\s*[\w\-]+)*)\s*=")
_QUOTES = ('"""', "'''")


class Problem(NamedTuple):
    """One thing that is wrong.

    Attributes:
        place: the key, such as ``repositories[2].resources[1].mode``; "" for the whole file.
        line: number of its line from 1, None if it is not known.
        message: what is wrong.
        remedy: what to do.
    """

    place: str
    line: int | None
    message: str
    remedy: str

    @property
    def in_words(self) -> str:
        """The problem as one line."""
        where = ", ".join(filter(None, (f"line {self.line}" if self.line else "", self.place)))
        return f"{where}: {self.message} {self.remedy}".lstrip(": ")


class FileRefused(ConfigurationError):
    """A file cannot be applied; nothing was changed.

    Args:
        problems: all that is wrong with it.
    """

    def __init__(self, problems: Collection[Problem]) -> None:
        self.problems = list(problems)
        count = len(self.problems)
        super().__init__(
            ("One thing in the file is wrong." if count == 1 else f"{count} things in the file are wrong.")
            + " Nothing was changed.",
            hint="Correct the file, and look at it first: ./eden apply FILE --dry-run.",
        )


class Findings:
    """Collects what is wrong with a file.

    Args:
        text: the file.
    """

    def __init__(self, text: str) -> None:
        self._lines = lines_of(text)
        self.found: list[Problem] = []
        self.warnings: list[str] = []

    def add(self, place: str, message: str, remedy: str) -> None:
        """Note that something is wrong at a place."""
        self.found.append(Problem(place, self.line(place), message, remedy))

    def line(self, place: str) -> int | None:
        """Return the line of a key, or of the table that it is in; None if neither is found."""
        while place:
            # The entries of a list within one value are at the line of the list.
            for each in (place, re.sub(r"\[\d+\]$", "", place)):
                if each in self._lines:
                    return self._lines[each]
            place = place.rpartition(".")[0]
        return None

    def check(self) -> None:
        """Check that nothing was found.

        Raises:
            FileRefused: something was.
        """
        if self.found:
            raise FileRefused(sorted(self.found, key=lambda each: each.line or 0))


def meant(given: str, known: Collection[str]) -> str:
    """Return what to do where a name is none of those that are known."""
    close = difflib.get_close_matches(given, known, 1)
    if close:
        return f"Did you mean {close[0]}?"
    return f"There are: {', '.join(sorted(known))}." if known else "There are none."


def lines_of(text: str) -> Mapping[str, int]:
    """Return place of a key or table -> number of its line, as far as a look at each line tells.

    The standard library's reader does not say where it found a key. Keys of tables within lines (``{...}``) are not
    found; they are at the line of what they are in, or above.

    Args:
        text: TOML.
    """
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    table, quotes = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        if quotes:
            quotes = "" if quotes in line else quotes
            continue
        if (header := _HEADER.match(line)) is not None:
            table = _place_of(header[2], counts, header[1] == "[[")
            found.setdefault(table, number)
        elif (key := _KEY.match(line)) is not None:
            name = re.sub(r"\s", "", key[1])
            found.setdefault(f"{table}.{name}" if table else name, number)
        quotes = next((each for each in _QUOTES if line.count(each) % 2), "")
    return found


def _place_of(name: str, counts: dict[str, int], is_one_of_several: bool) -> str:
    """Return the place of a table by its header; each part that has several is the last one so far."""
    parts = name.split(".")
    place = ""
    for part in parts[:-1]:
        place = f"{place}.{part}" if place else part
        if place in counts:
            place = f"{place}[{counts[place]}]"
    place = f"{place}.{parts[-1]}" if place else parts[-1]
    if is_one_of_several:
        counts[place] = counts.get(place, 0) + 1
        place = f"{place}[{counts[place]}]"
    return place
