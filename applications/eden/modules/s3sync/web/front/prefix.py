"""The path before the application where a proxy has this site below one: ``/relief`` of https://example.org/relief."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Callable
from urllib.parse import urlsplit

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

#: Set in the environment of a request whose path was looked at: whether cookies may be bound to the prefix.
_LOOKED_AT = "eden.below_prefix"
_PATH = re.compile(r"(?:/[\w.~-]+)+", re.ASCII)
_ROOT = re.compile(r";\s*path=/\s*(?=;|$)", re.IGNORECASE)


class Prefix:
    """Takes the prefix off addresses that come in. Those that go out get it by ``routes_out`` (``launcher/routes.py``).

    A proxy may keep the prefix or strip it: the site answers with and without it.

    Args:
        public_url: address at which others reach the site, without the application.
        name: of the application. A prefix does not begin with it: without one, its addresses do.
    """

    def __init__(self, public_url: str, name: str) -> None:
        parts = urlsplit(public_url)
        path = parts.path.rstrip("/")
        self.path = path if _PATH.fullmatch(path) and path.split("/")[1] != name else ""
        self._host = parts.netloc.lower()

    def enter(self, environ: Environ) -> None:
        """Take the prefix off the path of a request; a second call changes nothing.

        Args:
            environ: the request; it is changed.
        """
        if not self.path or _LOOKED_AT in environ:
            return
        path = environ.get("PATH_INFO", "")
        is_below = path == self.path or path.startswith(f"{self.path}/")
        if is_below:
            environ["PATH_INFO"] = path[len(self.path) :] or "/"
        # Without either it may be somebody who asks this computer directly, and does not send it below the prefix.
        environ[_LOOKED_AT] = is_below or environ.get("HTTP_HOST", "").lower() == self._host

    def bound(self, application: Application) -> Application:
        """Return an application whose cookies go to this site alone, and to no other one of the same host.

        Args:
            application: it sets them for the whole host.
        """

        def asked(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            if not environ.get(_LOOKED_AT):
                return application(environ, start_response)

            def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
                return start_response(status, [self._sent(each) for each in headers], *more)

            return application({**environ, "HTTP_COOKIE": _nearest(environ.get("HTTP_COOKIE", ""))}, start)

        return asked if self.path else application

    def _sent(self, header: tuple[str, str]) -> tuple[str, str]:
        key, value = header
        if key.lower() != "set-cookie":
            return header
        return key, _ROOT.sub(lambda _: f"; Path={self.path}", value)


def _nearest(cookies: str) -> str:
    """Return the cookies of a request, each name once: browsers send first what has the longer path."""
    found: dict[str, str] = {}
    for each in cookies.split(";"):
        found.setdefault(each.strip().partition("=")[0], each.strip())
    return "; ".join(each for each in found.values() if each)
