"""Headquarters has made its certificate itself: an invitation carries its fingerprint, and no other one is accepted."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from tests.support.browser import Browser, forms, visible
from tests.support.tls import self_signed, tls_front
from tests.support.webserver import EMAIL, PASSWORD, WebSite, running_site

pytestmark = pytest.mark.integration

RECORDS = 's3db.table("org_organisation").insert(name="Red Cross")\n'
SYNCHRONISE = """
from s3sync.worker.synchronise import synchronize
from s3sync.core.errors import SyncError
row = db(db.sync_repository.url != None).select().first()
try:
    print(synchronize(row.id)["state"])
except SyncError as error:
    print("failed", error.explain())
db.commit()
"""
NAMES = "print('|'.join(row.name for row in db(db.org_organisation.deleted == False).select()))"


def shown(fingerprint: str) -> str:
    return re.sub("(..)(?=.)", r"\1:", fingerprint.upper())


def code_of(page: str) -> str:
    found = re.search(r"<textarea[^>]*>(EDEN1-[^<]+)</textarea>", page)
    assert found, visible(page)
    return html.unescape(found[1])


def join(admin: Browser, site: WebSite, code: str) -> tuple[str, str]:
    """Take an invitation up; return what was shown before and after."""
    seen = admin.submit("/sync/join", "join", code=code, look="1", file=None)
    token = re.search(r'name="_formkey" value="([^"]+)"', seen.text)
    assert token, visible(seen.text)
    data = {"_formname": "join", "_formkey": token[1], "code": code, "join": "1"}
    joined = admin.session.post(site.url + "/sync/join", data=data, timeout=60)
    return visible(seen.text), visible(joined.text)


def test_a_site_joins_by_the_fingerprint_and_refuses_another_certificate_until_a_person_enters_it(
    tmp_path: Path,
) -> None:
    first, second = self_signed(tmp_path / "first.pem"), self_signed(tmp_path / "second.pem")
    with (
        running_site(tmp_path / "hq", RECORDS) as hq,
        running_site(tmp_path / "north") as north,
        tls_front(hq.port, first) as front,
    ):
        admin, office = Browser(hq.url).login(EMAIL, PASSWORD), Browser(north.url).login(EMAIL, PASSWORD)
        rules = {"rule-0-resource": "org_organisation", "rule-0-read": "1", "rule-0-write": "1"}
        admin.submit("/sync/scope/create", "scope", name="All", save="1", **rules)
        wanted = {"name": "North", "scope": "1", "minutes": "0", "days": "7", "address": f"{front.root}/eden"}
        refused = admin.submit("/sync/invitation", "invite", **wanted, certificate="12:34")
        assert "64 digits from 0 to f" in visible(refused.text)

        made = admin.submit("/sync/invitation", "invite", **wanted)
        assert shown(first.fingerprint) in visible(made.text), "it was looked for at the address"
        before, after = join(office, north, code_of(made.text))
        assert shown(first.fingerprint) in before and "This site has joined" in after
        assert north.run(SYNCHRONISE).strip() == "completed" and north.run(NAMES).strip() == "Red Cross"

        front.present(second)
        passed = front.passed
        told = north.run(SYNCHRONISE).strip()
        assert told.startswith("failed") and "is not the one that was vouched for" in told
        assert "enter its fingerprint in the configuration" in told and front.passed == passed
        assert "is not the one that was vouched for" in visible(office.page("/sync/log"))

        key = north.run("print(db(db.sync_repository.url != None).select().first().id)").strip()
        path = f"/sync/repository/{key}/update"
        assert forms(office.page(path))["repository"]["certificate"] == first.fingerprint
        office.submit(path, "repository", certificate=shown(second.fingerprint), save="1")
        assert north.run(SYNCHRONISE).strip() == "completed"
        assert hq.tickets() == north.tickets() == []
