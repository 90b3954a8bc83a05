"""Whose request it is, by its address: another site's or a person's."""

from __future__ import annotations

from gluon.storage import List, Storage

from ...ui import program_requests as program_requests


def of_program(path: str) -> bool:
    """Return whether an address belongs to the interface for programs, whose bodies are documents.

    Args:
        path: path of the address, with the application's name.
    """
    request = named_by(path)
    program_requests.normalise(request)
    return request.controller != "static" and program_requests.is_interface(request)


def named_by(path: str) -> Storage:
    """Return what web2py will take from an address: controller, function, format and arguments."""
    parts = [each for each in path.split("/") if each]
    controller, function = [*parts[1:3], "", ""][:2]
    function, _, extension = function.partition(".")
    return Storage(
        controller=controller, function=function, extension=extension or "html", args=List(parts[3:])
    )


def application_of(path: str) -> str:
    """Return the name of the application in an address, "" if there is none."""
    return next((each for each in path.split("/") if each), "")
