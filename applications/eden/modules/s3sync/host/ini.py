"""Settings from ``private/appconfig.ini``, which the site's code can override."""

from __future__ import annotations

import configparser
import os
from typing import Any, Callable

from ..core.errors import ConfigurationError

_TRUE = frozenset(("1", "true", "yes", "on"))
_FALSE = frozenset(("0", "false", "no", "off"))
#: Settings that have another name in Eden's code than in the file.
_PLACES = {
    ("site", "public_url"): ("base", "public_url"),
    ("site", "name"): ("base", "system_name"),
    ("site", "self_registration"): ("security", "self_registration"),
}
_files: dict[str, tuple[float, dict[str, dict[str, str]]]] = {}

#: (section, key) -> the value set in the site's code, None for none.
Chosen = Callable[[str, str], Any]


class SettingsError(ConfigurationError):
    """A value in private/appconfig.ini cannot be used."""


def place_in_code(section: str, key: str) -> tuple[str, str]:
    """Return the section and key in code for a setting of the file."""
    return _PLACES.get((section, key), (section, key))


def chosen_in(settings: Any) -> Chosen:
    """Return a function for the values that a site's code has set: ``settings.sync.page_size = 100``.

    Args:
        settings: an Eden's ``deployment_settings``, with a mapping for each section.
    """

    def chosen(section: str, key: str) -> Any:
        part, name = place_in_code(section, key)
        return getattr(settings, part).get(name)

    return chosen


def read_ini(path: str) -> dict[str, dict[str, str]]:
    """Return the sections and keys of an INI file, none if there is no file. It is read again only after a change.

    Raises:
        SettingsError: the file exists but cannot be read.
    """
    try:
        modified = os.stat(path).st_mtime
    except FileNotFoundError:
        return {}
    known = _files.get(path)
    if known is None or known[0] != modified:
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} cannot be read: {error}. Correct the file.") from error
        known = (modified, {name: dict(parser.items(name)) for name in parser.sections()})
        _files[path] = known
    return known[1]


class IniSettings:
    """Settings from the site's code and its file.

    Args:
        folder: the application's folder, with ``private/appconfig.ini``; None for defaults only.
        chosen: returns the values set in the site's code; the file does not override them.
    """

    def __init__(self, folder: str | None, chosen: Chosen) -> None:
        self._source = os.path.join(folder, "private", "appconfig.ini") if folder else None
        self._file = read_ini(self._source) if self._source else {}
        self._chosen = chosen

    def _raw(self, section: str, key: str) -> Any:
        chosen = self._chosen(section, key)
        if chosen is not None:
            return chosen
        value = self._file.get(section, {}).get(key)
        return None if value is None or value.strip() == "" else value.strip()

    def text(self, section: str, key: str, default: str | None = None) -> str | None:
        """Return a setting as text."""
        value = self._raw(section, key)
        return default if value is None else str(value)

    def number(self, section: str, key: str, default: float, minimum: float = 0) -> float:
        """Return a setting as a number, at least ``minimum``.

        Raises:
            SettingsError: the value is no number or too small.
        """
        value = self._raw(section, key)
        if value is None:
            return default
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if not number >= minimum:
            raise SettingsError(
                f"[{section}] {key} = {value!r} in {self._source or 'the settings'}: "
                f"a number of at least {minimum:g} is needed."
            )
        return number

    def flag(self, section: str, key: str, default: bool) -> bool:
        """Return a setting as true or false.

        Raises:
            SettingsError: the value is neither.
        """
        value = self._raw(section, key)
        if value is None:
            return default
        word = str(value).lower()
        if word not in _TRUE | _FALSE:
            raise SettingsError(
                f"[{section}] {key} = {value!r} in {self._source or 'the settings'}: true or false is needed."
            )
        return word in _TRUE
