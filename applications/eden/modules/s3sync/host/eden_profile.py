"""What a complete Eden derives by itself: ``eden_profile.ini``, and the site's own file of that kind."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from zlib import crc32

from .ini import read_ini

_SHIPPED = Path(__file__).with_suffix(".ini")
#: Below the application's folder.
OF_SITE = ("private", "eden-sync", "profile.ini")
STAYS, COMPUTED, TRANSACTIONAL, RECOGNISED = "never travels", "computed", "transactional", "recognised"
logger = logging.getLogger(__name__)


class Profile:
    """The profile of one site.

    Args:
        folder: the application's folder.

    Raises:
        SettingsError: the site's file cannot be read.
    """

    def __init__(self, folder: str) -> None:
        self._files = [read_ini(str(each)) for each in (_SHIPPED, Path(folder, *OF_SITE))]

    @property
    def mark(self) -> str:
        """What is another text whenever the profile is another one."""
        return f"{crc32(repr(self._files).encode()):08x}"

    def stays(self, table: str) -> bool:
        """Return whether records of a table never leave the site."""
        return self._lists(STAYS, table)

    def is_transactional(self, table: str) -> bool:
        """Return whether what a table does with new records must not be done again for imported ones."""
        return self._lists(TRANSACTIONAL, table)

    def computed(self, table: str, fields: Collection[str]) -> tuple[str, ...]:
        """Return those of a table's fields that each site works out itself."""
        chosen = self._chosen(COMPUTED, table)
        return tuple(each for each in fields if each.lower() in chosen)

    def recognised(self, table: str, fields: Collection[str]) -> tuple[str, ...]:
        """Return the fields by which records of a table are the same one.

        Args:
            table: name of the table.
            fields: names of those that it has.

        Returns:
            the fields, () where the profile says nothing of the table, or names one that it does not have: by fewer
            fields records that are different ones would be merged.
        """
        named = self._chosen(RECOGNISED, table)
        unknown = named - {each.lower() for each in fields}
        if unknown:
            logger.warning(
                "[%s] of the profile names fields that %s does not have, and is not used for it: %s",
                RECOGNISED,
                table,
                ", ".join(sorted(unknown)),
            )
            return ()
        return tuple(each for each in fields if each.lower() in named)

    def _chosen(self, section: str, table: str) -> set[str]:
        """Return the names that are chosen of a table in small letters, as names of settings are."""
        named: dict[str, bool] = {}
        for value in self._values(section, table):
            for name in filter(None, (each.strip() for each in value.split(","))):
                named[name.lstrip("-")] = not name.startswith("-")
        return {name.lower() for name, is_chosen in named.items() if is_chosen}

    def _lists(self, section: str, table: str) -> bool:
        values = list(self._values(section, table))
        return bool(values) and values[-1].strip() != "-"

    def _values(self, section: str, table: str) -> Iterator[str]:
        """Yield what is said of a table, the site's own words last."""
        for found in self._files:
            for pattern, value in found.get(section, {}).items():
                if fnmatchcase(table, pattern):
                    yield value
