"""A person who fills in the form of a record, and how long ago that was."""

from __future__ import annotations

import os
import pickle
import re
import time
from datetime import timedelta
from typing import Any

from tests.support.browser import Browser, forms, visible
from tests.support.webserver import PASSWORD, WebSite

Form = dict[str, Any]


def opened(browser: Browser, path: str) -> Form:
    """Return what the form of a record on a page would send as it stands."""
    return record_form(browser.page(path))


def record_form(page: str) -> Form:
    """Return the form of a record on a page, by its fields.

    Args:
        page: the page's text.
    """
    (form,) = (one for one in forms(page).values() if "/" in one.get("_formname", ""))
    return form


def send(browser: Browser, path: str, form: Form, files: Any = None, **values: str) -> Any:
    """Send a form to its page; return the answer, after redirections."""
    return browser.session.post(f"{browser.base}{path}", data={**form, **values}, files=files, timeout=60)


def organisation(browser: Browser, **values: str) -> str:
    """Enter an organisation; return the path of its page."""
    answer = browser.submit("/org/organisation/create", "org_organisation/create", **values)
    found = re.search(r"/org/organisation/\d+", answer.url)
    assert found, visible(answer.text)
    return found.group()


def log_in_here(browser: Browser, page: Any, email: str, password: str = PASSWORD) -> Any:
    """Fill in the log-in form of a page that was answered; return the answer, after redirections."""
    (form,) = (one for one in forms(page.text).values() if "password" in one)
    return browser.session.post(page.url, data={**form, "email": email, "password": password}, timeout=60)


def a_day_passes(site: WebSite) -> None:
    """Let all sessions of a site be as old as if nobody had come for a day."""
    folder = site.folder / "applications" / "eden" / "sessions"
    for path in (each for each in folder.rglob("*") if each.is_file()):
        session = pickle.loads(path.read_bytes())
        if session.auth:
            session.auth.last_visit -= timedelta(days=1)
            path.write_bytes(pickle.dumps(session, pickle.HIGHEST_PROTOCOL))
        os.utime(path, (time.time() - 86_400,) * 2)
