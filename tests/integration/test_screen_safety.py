"""Every form of every screen: it takes its key and an administrator, and a GET never changes anything."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from tests.support.browser import Browser, forms, visible
from tests.support.screens import CLERK, PEER, SECRET
from tests.support.webserver import PASSWORD, WebSite

pytestmark = pytest.mark.integration

MAKE = """
import json
from applications.eden.modules.s3sync.administration import datasets
from applications.eden.modules.s3sync.scheduler import jobs
from applications.eden.modules.s3sync.conflicts import resolve_many as sweep
from applications.eden.modules.s3sync.conflicts.kept_list import KeptVersionQuery
site, now, found = current.sync_site, current.sync_site.clock.now(), {}
found["repository"] = key = db.sync_repository.insert(name="Peer", url="http://127.0.0.1:9/eden", username="x")
found["task"] = db.sync_task.insert(repository_id=key, resource_name="org_organisation")
db.sync_resource_filter.insert(task_id=found["task"], tablename="org_organisation", filter_string="~.year__ge=1990")
found["job"] = jobs.add_job(site, key, None, period=900, timeout=60)
found["run"] = db.sync_run.insert(repository_id=key, started_on=now, finished_on=now, state="completed")
found["entry"] = db.sync_log.insert(
    repository_id=key, timestmp=now, mode="pull/outgoing", action="fetch", result="success", message="Done.")
found["organisation"] = s3db["org_organisation"].insert(name="Present", uuid="present")
xml = '<resource name="org_organisation" uuid="present"><data field="name">%s</data></resource>'
for kind in ("conflict", "rejected"):
    found[kind] = db.sync_kept.insert(kind=kind, tablename="org_organisation", uuid="present", repository_id=key,
        fingerprint=kind, ours=xml % "Present" if kind == "conflict" else None, theirs=xml % "Other")
found["set"] = datasets.save(site, None, code="SET", name="Set", comments="", resources=["org_organisation"],
    archived=True, public=False)
found["sweep"] = sweep.begin(site, sweep.Selection(None, KeptVersionQuery()), "keep", 1)
db.commit()
print(json.dumps(found))
"""
#: A digest of each table; logging in is noted, and nothing else may happen.
STATE = """
import hashlib, json
tables = {row[0] for row in db.executesql("SELECT name FROM sqlite_master WHERE type='table'")}
tables -= {"auth_event", "sqlite_sequence"}
rows = {name: sorted(map(repr, db.executesql('SELECT * FROM "%s"' % name))) for name in tables}
print(json.dumps({name: hashlib.sha256(repr(found).encode()).hexdigest() for name, found in rows.items()}))
"""
SYNC = """
index config config/identifier log log/{entry} log?ask=purge&days=1 kept kept/{conflict} kept/{rejected}
kept/{conflict}?choose=1&field_name=theirs kept/decide?rule=keep&which=all kept/report/{sweep} dataset dataset/create
dataset/{set} dataset/{set}?ask=remove history/org_organisation?uuid=present repository/create repository/{repository}
repository/{repository}/update repository/{repository}/update?ask=delete repository/{repository}/task
repository/{repository}/task/create repository/{repository}/task/{task} repository/{repository}/task/{task}?ask=delete
repository/{repository}/task/{task}?ask=reset repository/{repository}/task/{task}/filters
repository/{repository}/preview repository/{repository}/job repository/{repository}/job/create
repository/{repository}/job/{job} repository/{repository}/job/{job}?ask=delete repository/{repository}/kept
repository/{repository}/log repository/{repository}/log?ask=purge&days=1 repository/{repository}/now
"""
OTHERS = """
/admin/index /admin/users /admin/user /admin/user/1 /org/organisation/create /org/organisation/{organisation}/update
/org/organisation/{organisation}/delete /default/user/profile /default/user/change_password
"""


class Sent(NamedTuple):
    """A form as a page has it: where it goes, and what it would send."""

    path: str
    values: dict[str, Any]


@pytest.fixture(scope="module")
def pages(field: WebSite) -> list[str]:
    """Every screen of an administrator, with something on it."""
    made = json.loads(field.run(MAKE).strip().splitlines()[-1])
    wanted = [f"/sync/{each}" for each in SYNC.split()] + OTHERS.split()
    return [each.format(**made) for each in wanted]


def state(site: WebSite) -> dict[str, str]:
    found: dict[str, str] = json.loads(site.run(STATE).strip().splitlines()[-1])
    return found


def sent_forms(browser: Browser, pages: list[str]) -> list[Sent]:
    """Return the forms that change something, as they stand."""
    found = []
    for path in pages:
        for name, values in forms(browser.page(path)).items():
            if name:
                found.append(Sent(path, {**values, "name": "Forged", "save": "1"}))
    return found


def test_every_form_needs_its_key_and_no_get_changes_anything(
    admin: Browser, field: WebSite, pages: list[str]
) -> None:
    before = state(field)
    found = sent_forms(admin, pages)
    assert len(found) > 30 and state(field) == before, "to look at a page changes nothing"
    for each in found:
        glue = "&" if "?" in each.path else "?"
        assert (
            admin.session.get(admin.base + each.path + glue, params=each.values, timeout=60).status_code < 500
        )
        for key in (None, "", "forged"):
            values = {**each.values, "_formkey": key}
            answer = admin.session.post(admin.base + each.path, data=values, timeout=60)
            assert answer.status_code < 500, each.path
            if each.path.startswith("/sync/"):
                assert "The page was open for too long" in visible(answer.text), each
    assert state(field) == before


@pytest.mark.parametrize("extension", ["json", "xml", "load", "csv"])
def test_screens_have_no_other_forms(admin: Browser, pages: list[str], extension: str) -> None:
    for path in (each for each in pages if each.startswith(("/sync/", "/admin/"))):
        head, _, rest = path.lstrip("/").partition("/")
        name, mark, tail = rest.partition("?")
        function, slash, args = name.partition("/")
        address = f"/{head}/{function}.{extension}{slash}{args}{mark}{tail}"
        assert admin.get(address).status_code < 500, address


def test_every_screen_is_for_administrators(admin: Browser, field: WebSite, pages: list[str]) -> None:
    own = [each for each in pages if each.startswith(("/sync/", "/admin/"))]
    found = sent_forms(admin, own)
    before = state(field)
    for person, password in ((CLERK, PASSWORD), (PEER, SECRET)):
        browser = Browser(field.url).login(person, password)
        for path in own:
            assert browser.get(path).status_code == 403, path
        for each in found:
            answer = browser.session.post(browser.base + each.path, data=each.values, timeout=60)
            assert answer.status_code == (409 if "_proof" in each.values else 403), each.path
            own_values = {name: value for name, value in each.values.items() if name != "_proof"}
            answer = browser.session.post(browser.base + each.path, data=own_values, timeout=60)
            assert answer.status_code == 403, each.path
    stranger = Browser(field.url)
    for each in found:
        answer = stranger.session.post(stranger.base + each.path, data=each.values, timeout=60)
        assert "/default/user/login" in answer.url or answer.status_code in (401, 409), each.path
    assert state(field) == before
