"""A reader's choice of language and theme, stored in cookies."""

from __future__ import annotations

from typing import Any

#: Languages of the pages, by their own names. Each except English has a dictionary in ``languages/``.
LANGUAGES: dict[str, str] = {
    "en": "English",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "ar": "العربية",
}
#: "system" follows the reader's system and is the default.
THEMES = ("system", "light", "dark")
_YEAR = 365 * 86400  # seconds


def chosen(request: Any, what: str) -> str | None:
    """Return the reader's choice, None without one that this site knows.

    Args:
        request: web2py's request.
        what: ``language`` or ``theme``.
    """
    cookie = request.cookies.get(f"eden_{what}")
    value = cookie.value if cookie is not None else None
    return value if value in _choices(what) else None


def choose(request: Any, response: Any, what: str, value: str) -> None:
    """Store a choice for a year; one that this site does not know is ignored.

    Args:
        request: web2py's request.
        response: web2py's response.
        what: ``language`` or ``theme``.
        value: one of ``LANGUAGES`` or ``THEMES``.
    """
    if value not in _choices(what):
        return
    name = f"eden_{what}"
    response.cookies[name] = value
    response.cookies[name]["path"] = "/"
    response.cookies[name]["max-age"] = _YEAR
    response.cookies[name]["samesite"] = "Lax"
    if request.is_https:
        response.cookies[name]["secure"] = True


def _choices(what: str) -> Any:
    return {"language": LANGUAGES, "theme": THEMES}[what]


def way_back(address: Any, home: str) -> str:
    """Return the address of this site to go back to; the home page instead of an address elsewhere.

    Args:
        address: the address that the browser sent.
        home: address of the home page.
    """
    text = str(address or "")
    here = text.startswith("/") and not text.startswith("//")
    return text if here and "\\" not in text and text.isprintable() else home
