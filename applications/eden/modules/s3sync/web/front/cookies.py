"""Cookies of one site among several on a host: browsers send a cookie to every port of the host that set it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Callable

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

#: Beginnings of the names of cookies by which a site knows a browser. What a reader has chosen, as the language, is
#: the same for all sites.
_OWN = ("session_id_", "session_data_", "eden_known")
_PORT = re.compile(r":(\d{1,5})$", re.ASCII)


def by_port(application: Application) -> Application:
    """Return an application whose cookies are called by its port in the browser, where the address has one.

    Two sites on one host otherwise end each other's sessions: RFC 6265, section 8.5, tells no ports apart.

    Args:
        application: it sees its cookies under their own names.
    """

    def asked(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        port = _PORT.search(environ.get("HTTP_HOST", ""))
        if port is None:
            return application(environ, start_response)
        ending = f"_{port[1]}"

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [_sent(each, ending) for each in headers], *more)

        if environ.get("HTTP_COOKIE"):
            environ = {**environ, "HTTP_COOKIE": _received(environ["HTTP_COOKIE"], ending)}
        return application(environ, start)

    return asked


def _received(cookies: str, ending: str) -> str:
    """Return the header of a request with the cookies of this port under their own names.

    A cookie without a port stays where there is none of this one: a version of before has set it.
    """
    pairs = [each.strip() for each in cookies.split(";")]
    named = {each.partition("=")[0]: each for each in pairs}
    kept = []
    for name, pair in named.items():
        if not name.startswith(_OWN):
            kept.append(pair)
        elif name.endswith(ending):
            kept.append(pair.replace(name, name[: -len(ending)], 1))
        elif f"{name}{ending}" not in named:
            kept.append(pair)
    return "; ".join(kept)


def _sent(header: tuple[str, str], ending: str) -> tuple[str, str]:
    """Return a header of an answer, a cookie of ours under the name that has the port."""
    key, value = header
    # web2py leaves a blank before the name.
    name, equals, rest = value.lstrip().partition("=")
    if key.lower() != "set-cookie" or not equals or not name.startswith(_OWN):
        return header
    return key, f"{name}{ending}={rest}"
