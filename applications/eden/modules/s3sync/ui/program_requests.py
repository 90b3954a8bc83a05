"""Requests of programs, as opposed to those of browsers."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from gluon.storage import Storage

#: Formats for programs.
FORMATS = ("xml", "s3json", "json", "csv")
#: Lists of data sets: pages for administrators, and lists for sites that subscribe (``web.data_sets``).
DATA_SETS = ("dataset", "task", "resource_filter")
#: What else the end of an address may be that people ask for; any other one is a format of the operator.
OF_PEOPLE = ("html", "load", "xlsx", "geojson")
#: Controllers whose addresses are no tables: nothing there has a format of the operator.
NO_TABLES = ("sync", "default", "admin", "appadmin", "static")
_OWN_FORMAT = re.compile(r"[a-z][a-z0-9_]{1,31}")
#: Functions of the controller ``sync`` that are open to who is not logged in, and decide themselves what they give: the
#: key of an invitation or of the monitoring, a signed address, and data sets that are public.
OWN_RULES = ("join", "health", "metrics", "datasets", "archive", "download")


def normalise(request: Any) -> None:
    """Move a format at the end of the last argument to where web2py keeps it.

    ``/org/organisation/1.xml`` and ``/sync/repository/register.json`` name their format there; web2py itself only
    looks at the function's name.
    """
    if not request.args or (request.controller, request.function) in (
        ("default", "download"),
        ("sync", "file"),
        ("sync", "download"),
        ("static", "file"),
    ):
        return
    name, dot, extension = request.args[-1].rpartition(".")
    if dot and name and (extension in FORMATS or (name.isdigit() and _is_own(request, extension))):
        request.args[-1] = name
        request.extension = extension


def is_interface(request: Any) -> bool:
    """Return whether a request belongs to an interface for programs: documents, the protocol, monitoring.

    Args:
        request: web2py's request, after ``normalise``.
    """
    if request.extension in ("xml", "s3json") or is_protocol(request) or is_watch(request):
        return True
    return _is_own(request, request.extension)


def _is_own(request: Any, extension: Any) -> bool:
    """Return whether the end of an address may be a format of the operator; whether there is one is seen later."""
    if request.controller in NO_TABLES or extension in FORMATS + OF_PEOPLE:
        return False
    return bool(_OWN_FORMAT.fullmatch(str(extension or "")))


def is_watch(request: Any) -> bool:
    """Return whether a request asks how this site does: ``/sync/health`` and ``/sync/metrics``, for monitoring.

    Args:
        request: as in ``is_interface``.
    """
    return request.controller == "sync" and request.function in ("health", "metrics")


def is_protocol(request: Any) -> bool:
    """Return whether a request belongs to the synchronisation protocol, whose accounts administer nothing.

    Args:
        request: as in ``is_interface``.
    """
    if request.controller != "sync":
        return False
    if request.function in (
        "sync",
        "file",
        "download",
        "offer",
        "standing",
        "news",
        "pushes",
        "part",
        "listen",
        "listeners",
    ):
        return True
    if request.function == "join" and request.extension == "json":
        return True
    if request.function in DATA_SETS and request.extension in ("xml", "s3json"):
        return True
    if request.function == "archive" and request.args(1):
        # For people, who are led to the login page, there is another one.
        return True
    return bool(request.function == "repository" and request.args(0) == "register")


def only_asks(request: Any) -> bool:
    """Return whether a request of another site asks what is new here, to which the answer is mostly: nothing.

    Args:
        request: as in ``is_interface``.
    """
    if request.controller != "sync":
        return False
    return request.function in ("news", "listen", "listeners") or (
        request.function == "sync" and request.extension == "xml" and request.env.request_method == "GET"
    )


def basic_credentials(header: str) -> tuple[str, str] | None:
    """Return the name and the password in a header ``Authorization`` of HTTP Basic, None if it has none.

    Most programs send UTF-8, some Latin-1 (requests for one): what is no UTF-8 is Latin-1.

    Args:
        header: value of the header.
    """
    if header[:6].lower() != "basic ":
        return None
    try:
        sent = base64.b64decode(header[6:])
    except binascii.Error:
        return None
    try:
        decoded = sent.decode("utf-8")
    except UnicodeDecodeError:
        decoded = sent.decode("latin-1")
    name, separator, password = decoded.partition(":")
    return (name, password) if separator else None


def prepare(request: Any, response: Any, session: Any) -> None:
    """Prepare the request before any other code uses it; ``models/0000_sync.py`` calls this for the synchronisation.

    The body of an interface request is a document, whatever its content type. web2py would parse it as a form: that
    fails for XML on Python 3, and takes quadratic time for XML with the content type of a form, as Eden sends it.
    An empty form prevents that. Such requests also store no session.
    """
    normalise(request)
    if is_interface(request):
        request._post_vars = Storage()
        session.forget(response)
