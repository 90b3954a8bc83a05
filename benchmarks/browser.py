"""An administrator who opens one screen after the other."""

from __future__ import annotations

import html
import re
import statistics
import threading
import time

import requests

from .sites import ADMINISTRATOR, Site

median = statistics.median

#: The screens of the synchronisation, by their titles; the names in braces come from ``crowd.py``.
SCREENS = {
    "overview": "/sync/index",
    "overview, searched": "/sync/index?q=office+09",
    "add a repository": "/sync/repository/create",
    "repository": "/sync/repository/{repository}",
    "repository, configuration": "/sync/repository/{repository}/update",
    "repository, resources": "/sync/repository/{repository}/task",
    "repository, add resources": "/sync/repository/{repository}/task/create",
    "repository, one resource": "/sync/repository/{repository}/task/{task}",
    "repository, schedule": "/sync/repository/{repository}/job",
    "repository, one job": "/sync/repository/{repository}/job/{job}",
    "repository, conflicts": "/sync/repository/{repository}/kept",
    "repository, log": "/sync/repository/{repository}/log",
    "repository, synchronise now": "/sync/repository/{repository}/now",
    "conflicts and rejected records": "/sync/kept",
    "conflicts, searched": "/sync/kept?q=relief&sort=name",
    "one conflict": "/sync/kept/{kept}",
    "conflicts, a rule for all": "/sync/kept/decide?which=all&rule=theirs",
    "log": "/sync/log",
    "log, searched": "/sync/log?q=900+records",
    "log, filtered, last page": "/sync/log?result=error&page=400",
    "log entry": "/sync/log/{entry}",
    "settings": "/sync/config",
    "data sets": "/sync/dataset",
    "list of organisations": "/org/organisation",
}


class Browser:
    """The browser of an administrator who is logged in.

    Args:
        site: the site it logs in at.
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

    def look_at(self, path: str, times: int) -> list[float]:
        """Request one screen several times; return the seconds of each, from the request to the last byte.

        Raises:
            RuntimeError: the answer is no page.
        """
        seconds: list[float] = []
        for _ in range(times):
            began = time.perf_counter()
            answer = self._session.get(f"{self._base}{path}", timeout=60)
            seconds.append(time.perf_counter() - began)
            if answer.status_code != 200:
                raise RuntimeError(f"{path} answers with HTTP {answer.status_code}.")
        return seconds

    def wander(self, repository: int, until: threading.Event) -> tuple[list[float], int]:
        """Request the administration's screens in turn; return the seconds of each and how many were refused."""
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
