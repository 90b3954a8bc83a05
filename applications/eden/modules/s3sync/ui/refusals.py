"""Answers that refuse a request, for people and for programs."""

from __future__ import annotations

import os
import re
from typing import Any

from gluon import HTTP, current

from .program_requests import is_interface

_ACTIONS = re.compile(r"^def\s+([a-zA-Z0-9]\w*)\(\s*\)\s*:", re.MULTILINE)
_known: dict[str, tuple[float, set[str]]] = {}


def heading(status: int) -> Any:
    """Return the heading of a refusal, for a person.

    Args:
        status: HTTP status, 400 and above.
    """
    T = current.T
    headings = {
        400: T("This request cannot be understood"),
        401: T("Log in first"),
        403: T("This is not for you"),
        404: T("There is no such page"),
        409: T("This cannot be done now"),
        415: T("This format is not available"),
        429: T("Wait a little"),
        500: T("Something went wrong here"),
    }
    return headings.get(status, T("This did not work"))


def refusal(status: int, message: Any, **headers: str) -> HTTP:
    """Return an answer that refuses the request, to be raised.

    Args:
        status: HTTP status, 400 and above.
        message: what is wrong and what to do, for a person.
        headers: further headers of the answer.

    Returns:
        the message as text for programs, as a page of the site for people.
    """
    request, response = current.request, current.response
    if is_interface(request) or request.extension != "html":
        headers.setdefault("Content-Type", "text/plain; charset=utf-8")
        return HTTP(status, str(message), **headers)
    # The page has its own heading; the title and messages of the refused page do not belong on it.
    response.title, response.flash = None, None
    context = {"status": status, "title": heading(status), "message": message}
    headers.setdefault("Content-Type", "text/html; charset=utf-8")
    for name, value in response.headers.items():
        if name.startswith(("X-", "Content-Security", "Referrer")) and name != "X-Powered-By":
            headers.setdefault(name, value)
    return HTTP(status, response.render("sync/refusal.html", context), **headers)


def is_action(folder: str, controller: str, function: str) -> bool:
    """Return whether the application has such a page; web2py's own answer to an unknown one is no help.

    Args:
        folder: the application's folder.
        controller: name of the controller.
        function: name of the function in it.
    """
    path = os.path.join(folder, "controllers", f"{controller}.py")
    if os.path.isfile(os.path.join(folder, "compiled", f"controllers.{controller}.{function}.pyc")):
        return True
    try:
        modified = os.stat(path).st_mtime
    except OSError:
        return False
    if path not in _known or _known[path][0] != modified:
        with open(path, encoding="utf-8") as source:
            _known[path] = (modified, set(_ACTIONS.findall(source.read())))
    return function in _known[path][1]
