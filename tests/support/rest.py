"""A site that answers programs, and how they ask it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from tests.support.webserver import PASSWORD, WebSite, running_site

PREPARE = f"""
from applications.eden.modules.s3db.setup import create_user
create_user(globals(), "clerk@example.com", {PASSWORD!r})
create_user(globals(), "peer@example.com", {PASSWORD!r}, roles=("Synchronization",))
settings_file = __import__("pathlib").Path(request.folder, "private", "appconfig.ini")
settings_file.write_text("[sync]\\nmax_document_mb = 1\\nmax_upload_mb = 0.01\\n")
"""
REGISTERED = "urn:uuid:00000000-0000-4000-8000-00000000feed"
SYNC, REGISTER = "/sync/sync.xml", "/sync/repository/register.json"
OFFER = "/sync/offer.json"


class Line(requests.Session):
    """Requests with the account of another site."""

    def __init__(self, site: WebSite, email: str = "peer@example.com", password: str = PASSWORD) -> None:
        super().__init__()
        self.trust_env = False
        self.auth = (email, password)
        self.headers["Accept-Encoding"] = "identity"
        self._base = site.url

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        options["allow_redirects"] = False
        options.setdefault("timeout", 60)
        return super().request(method, self._base + url, **options)

    def push(self, body: bytes, resource: str = "org_organisation", more: str = "", **options: Any) -> Any:
        url = f"{SYNC}?resource={resource}&repository={REGISTERED}{more}"
        return self.post(url, data=body, **options)

    def pull(self, more: str = "", resource: str = "org_organisation") -> requests.Response:
        return self.get(f"{SYNC}?resource={resource}&repository={REGISTERED}{more}")


def names(answer: requests.Response) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {part.split("<")[0] for part in answer.text.split('<data field="name">')[1:]}


def refused(answer: requests.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, (answer.status_code, answer.text[:500])
    told: dict[str, Any] = answer.json()
    assert told["status"] == "failed" and told["message"] and told["hint"]
    assert "set-cookie" not in answer.headers
    return told


@contextlib.contextmanager
def answering_site(folder: Path) -> Iterator[WebSite]:
    """Run a site with the accounts of a clerk and of another site, which is registered."""
    with running_site(folder, PREPARE) as running:
        told = Line(running).post(REGISTER, data=json.dumps({"uuid": REGISTERED, "name": "peer"}))
        assert told.status_code == 200, told.text
        yield running
        assert running.tickets() == []
