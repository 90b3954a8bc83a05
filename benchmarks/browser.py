"""An administrator who looks at one screen after the other."""

from __future__ import annotations

import html
import re
import statistics
import threading
import time

import requests

from .sites import ADMINISTRATOR, Site

median = statistics.median


class Browser:
    """A logged-in administrator's browser.

    Args:
        site: where it logs in.
    """

    def __init__(self, site: Site) -> None:
        self._base = site.url
        self._session = requests.Session()
        self._session.trust_env = False
        page = self._session.get(f"{self._base}/default/user/login", timeout=30)
        values = {"email": ADMINISTRATOR.email, "password": ADMINISTRATOR.password}
        for tag in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page.text):
            name, value = (re.search(rf'{key}="([^"]*)"', tag) for key in ("name", "value"))
            if name and value:
                values[name.group(1)] = html.unescape(value.group(1))
        answer = self._session.post(page.url, data=values, timeout=30)
        if "Log out" not in answer.text:
            raise RuntimeError("The administrator could not log in.")

    def wander(self, repository: int, until: threading.Event) -> tuple[list[float], int]:
        """Ask for the administration's screens in turn; return the seconds of each and how many were refused."""
        paths = (
            "/sync/index",
            f"/sync/repository/{repository}/now",
            f"/sync/repository/{repository}/task",
            f"/sync/repository/{repository}/job",
            f"/sync/repository/{repository}/log",
            "/sync/log",
            "/org/organisation",
            "/org/organisation/create",
            "/admin/users",
        )
        seconds: list[float] = []
        refused = 0
        while not until.is_set():
            for path in paths:
                began = time.perf_counter()
                answer = self._session.get(f"{self._base}{path}", timeout=60)
                seconds.append(time.perf_counter() - began)
                refused += answer.status_code != 200
                time.sleep(0.05)
        return seconds, refused
