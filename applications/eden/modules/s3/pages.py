"""Answers that are no ordinary page: refusals, for people and for programs."""

from __future__ import annotations

from typing import Any

from gluon import HTTP, current

from .interface import is_interface

TITLES = {
    400: "This request cannot be understood",
    403: "This is not for you",
    404: "There is no such page",
    409: "This cannot be done now",
    415: "This format is not available",
}


def refusal(status: int, message: Any, **headers: str) -> HTTP:
    """An answer that refuses the request, to be raised.

    Args:
        status: HTTP status, 400 and above.
        message: what is wrong and what to do, for a person.
        headers: further headers of the answer.
    Returns:
        for programs the message as text, for people a page of the site.
    """
    request, response, T = current.request, current.response, current.T
    if is_interface(request) or request.extension != "html":
        headers.setdefault("Content-Type", "text/plain; charset=utf-8")
        return HTTP(status, str(message), **headers)
    context = {"status": status, "heading": T(TITLES.get(status, "Error")), "message": message}
    headers.setdefault("Content-Type", "text/html; charset=utf-8")
    for name, value in response.headers.items():
        if name.startswith(("X-", "Content-Security", "Referrer")) and name != "X-Powered-By":
            headers.setdefault(name, value)
    return HTTP(status, response.render("default/error.html", context), **headers)
