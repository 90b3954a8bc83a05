"""What headquarters prescribes reaches a field office with its next run, and is shown there as prescribed."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, visible
from tests.support.webserver import EMAIL, PASSWORD, WebSite, running_site

pytestmark = pytest.mark.integration

RECORDS = """
for name in ("Blue Shield", "Red Cross"):
    key = s3db.table("org_organisation").insert(name=name)
s3db.table("org_office").insert(name="Red House", organisation_id=key)
"""
RUN = """
from s3sync.worker.synchronise import synchronize
from s3sync.core.errors import SyncError
row = db(db.sync_repository.url != None).select().first()
try:
    print(synchronize(row.id)["state"])
except SyncError as error:
    print("failed", error.explain())
db.commit()
"""
NAMES = "print('|'.join(row.name for row in db(db.{table}.deleted == False).select(orderby=db.{table}.id)))"


def rules(**second: str) -> dict[str, str]:
    found = {"resource": "org_organisation", "read": "1", "write": "1", "components": "1", "filters": ""}
    first = {f"rule-0-{name}": value for name, value in found.items()}
    return {**first, **{f"rule-1-{name}": value for name, value in second.items()}}


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WebSite, WebSite]]:
    folder = tmp_path_factory.mktemp("prescriptions")
    with running_site(folder / "hq", RECORDS) as hq, running_site(folder / "field") as field:
        yield hq, field
        assert hq.tickets() == [] and field.tickets() == []


def test_a_change_at_headquarters_reaches_the_field_and_is_shown_there_as_prescribed(
    sites: tuple[WebSite, WebSite],
) -> None:
    hq, field = sites
    there, here = Browser(hq.url).login(EMAIL, PASSWORD), Browser(field.url).login(EMAIL, PASSWORD)
    prescribed = {"prescribes": "1", "minutes": "30"}
    there.submit("/sync/scope/create", "scope", name="Field", save="1", **rules(), **prescribed)
    wanted = {"name": "North", "scope": "1", "minutes": "15", "days": "7", "address": hq.url}
    made = there.submit("/sync/invitation", "invite", **wanted)
    code = re.search(r"<textarea[^>]*>(EDEN1-[^<]+)</textarea>", made.text)
    assert code
    seen = here.submit("/sync/join", "join", code=html.unescape(code[1]), look="1", file=None)
    assert "Whatever is more waits for your consent" in visible(seen.text)
    token = re.search(r'name="_formkey" value="([^"]+)"', seen.text)
    assert token
    data = {"_formname": "join", "_formkey": token[1], "code": html.unescape(code[1]), "join": "1"}
    assert "This site has joined" in here.session.post(field.url + "/sync/join", data=data, timeout=60).text

    assert field.run(RUN).strip() == "completed"
    assert field.run(NAMES.format(table="org_organisation")).strip() == "Blue Shield|Red Cross"
    (key,) = field.run("print(db(db.sync_repository.url != None).select().first().id)").split()
    tasks = f"/sync/repository/{key}/task"
    shown = visible(here.page(tasks))
    assert "prescribes what is exchanged. It can be paused here, not changed." in shown
    assert "every 30 minutes" in shown and "prescribed by" in shown
    (task,) = field.run("print(db(db.sync_task).select().first().id)").split()
    page = here.page(f"{tasks}/{task}")
    assert "so it cannot be changed here" in visible(page) and "conflict_policy" not in page
    assert "so it cannot be changed here" in visible(here.page(f"{tasks}/{task}/filters"))
    (job,) = field.run("print(db(db.sync_job).select().first().id)").split()
    page = here.page(f"/sync/repository/{key}/job/{job}")
    assert "prescribes how often" in visible(page)
    assert re.search(r'<input[^>]*name="every"[^>]*readonly', page)
    assert "carries it out" in visible(there.page("/sync/scope/1"))

    # Less is carried out at once.
    fewer = {**rules(), "rule-0-filters": "~.name__like=Red*"}
    there.submit("/sync/scope/1", "scope", name="Field", save="1", **fewer, **prescribed)
    assert "has not asked since" in visible(there.page("/sync/scope/1"))
    assert field.run(RUN).strip() == "completed"
    assert "Name begins with Red" in visible(here.page(tasks))
    assert "carries it out" in visible(there.page("/sync/scope/1"))

    # More waits for a person, who is told what it is.
    more = {**fewer, **rules(resource="org_office", read="1", components="1", filters="")}
    more["rule-0-filters"] = fewer["rule-0-filters"]
    there.submit("/sync/scope/1", "scope", name="Field", save="1", **more, **prescribed)
    assert field.run(RUN).strip() == "completed"
    assert field.run(NAMES.format(table="org_office")).strip() == ""
    assert "waits for its people" in visible(there.page("/sync/scope/1"))
    shown = visible(here.page(tasks))
    assert "Offices are exchanged as well: fetched from there." in shown and "more than was agreed" in shown
    assert "prescribes what is not carried out here" in visible(here.page("/sync/index"))
    assert "Accepted" in visible(here.submit(tasks, "accept").text)
    assert field.run(RUN).strip() == "completed"
    assert field.run(NAMES.format(table="org_office")).strip() == "Red House"
    assert "carries it out" in visible(there.page("/sync/scope/1"))

    # A person in the field pauses it, and decides there in the end.
    here.submit(f"{tasks}/{task}", "pause")
    there.submit("/sync/scope/1", "scope", name="Field", save="1", **fewer, **prescribed)
    assert field.run(RUN).strip() == "completed"
    assert field.run(f"print(db.sync_task({task}).mode)").strip() == "4"
    here.submit(f"{tasks}?ask=decide-here", "decide-here")
    assert "Let it prescribe" in visible(here.page(tasks))
    assert "conflict_policy" in here.page(f"{tasks}/{task}")
