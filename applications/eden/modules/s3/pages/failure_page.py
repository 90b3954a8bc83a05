"""What a person sees when a page failed."""

from __future__ import annotations

import re
from typing import Any

from gluon import XML, current

from s3sync.ui.passing import PASSING, RETRY_AFTER
from s3sync.ui.program_requests import FORMATS
from s3sync.ui.refusals import heading
from s3sync.web.front.answers import failed
from s3sync.web.front.sent_again import button

_TICKET = re.compile(r"[\w.:-]+")


def failure(variables: Any) -> Any:
    """Return what becomes of a page that failed: for people a page with the number of web2py's report.

    Args:
        variables: what web2py adds to the address (``routes_onerror``): ticket, requested_uri.

    Returns:
        what the view shows; for programs JSON, as the interface answers.
    """
    response = current.response
    ticket = str(variables.get("ticket") or "").rpartition("/")[2]
    is_passing = ticket == PASSING
    response.status = 503 if is_passing else 500
    if is_passing:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    path = str(variables.get("requested_uri") or "").partition("?")[0]
    if path.rpartition(".")[2] in FORMATS or "/sync/file/" in path or "/sync/download/" in path:
        response.headers["Content-Type"] = "application/json; charset=utf-8"
        return failed(ticket).body.decode()
    response.view = "default/problem.html"
    address, fields, writes = current.request.env.eden_sent_again or ("", [], False)
    return {
        "status": response.status,
        "title": current.T("This site is busy") if is_passing else heading(500),
        "is_passing": is_passing,
        "writes": writes,
        "ticket": ticket if _TICKET.fullmatch(ticket) and not is_passing else "",
        "again": XML(button(address, fields, str(current.T("Send it again")))) if fields else None,
    }
