"""The screens that tell how repositories stand: overview, one repository, schedule, a run that is followed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.browser import Browser, forms, visible
from tests.support.places import CHECKOUT
from tests.support.screens import served
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = pytest.mark.integration

PEER = """
import json
from datetime import timedelta
site = current.sync_site
now = site.clock.now()
def repository(name, url="http://127.0.0.1:9/eden", resources=("org_organisation",), **values):
    key = db.sync_repository.insert(name=name, url=url, **values)
    for each in resources:
        db.sync_task.insert(repository_id=key, resource_name=each)
    return key
def run(key, state="completed", ago=60, **values):
    began = now - timedelta(seconds=ago)
    return db.sync_run.insert(repository_id=key, started_on=began, state=state, stage="finished",
                              finished_on=None if state == "running" else began + timedelta(seconds=30), **values)
def pulled(key):
    told = {"own": current.sync_site.journal.identity(), "waiting": 0}
    current.sync_site.checkpoints.write(key, "org_organisation", "pull", json.dumps(told))
    return key
def worker():
    db.scheduler_worker.insert(worker_name="worker", last_heartbeat=now + timedelta(hours=1), is_ticker=True)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    yield from served(tmp_path_factory, "watch")


@pytest.fixture()
def admin(site: WebSite) -> Iterator[Browser]:
    yield Browser(site.url).login(EMAIL, PASSWORD)
    site.run(
        "for name in ('sync_log', 'sync_job', 'sync_task', 'sync_run', 'sync_lease', 'sync_kept', 'sync_traffic', "
        "'sync_checkpoint', 'sync_repository', 'scheduler_run', 'scheduler_task', 'scheduler_worker'):\n"
        "    db(db[name].id > 0).delete()\n"
        "db.commit()"
    )


def made(site: WebSite, code: str) -> str:
    """Run code with the helpers above; return the first word that it printed."""
    text = site.run(f"{PEER}\n{code}\ndb.commit()")
    return text.split()[0] if text.split() else ""


def row(page: str, name: str) -> str:
    """Return what the overview says of a repository."""
    found = re.search(rf"<tr>\s*<th scope=\"row\"><a[^>]*>{name}</a>.*?</tr>", page, re.DOTALL)
    assert found, visible(page)
    return visible(f"<main>{found.group()}</main>")


def test_an_empty_overview_guides_to_the_first_repository(admin: Browser) -> None:
    page = admin.page("/sync/index")
    text = visible(page)
    assert "Connect this site with another one in three steps" in text
    assert "Make an account at the other site" in text and "Choose resources and a schedule" in text
    assert 'href="/eden/sync/repository/create"' in page and "<table" not in page
    assert "No worker is running" in text and "python web2py.py -K eden -Q" in text


def test_the_overview_says_of_each_how_it_stands(admin: Browser, site: WebSite) -> None:
    made(
        site,
        """
run(pulled(repository("Good", last_connected=now)))
failure = {"resource": "org_organisation", "mode": "pull", "code": "peer_unreachable", "message": "No route."}
run(repository("Bad"), "failed", message="Of no use here", failures=[failure])
run(repository("Of before"), "failed", message="Received: nothing. Sent: 0. Failed: org_organisation (pull): No route.")
repository("New")
repository("Visitor", url=None, last_connected=now)
repository("Stranger", url=None)
killed = repository("Killed")
db.sync_log.insert(repository_id=killed, run_id=run(killed, "running"), timestmp=now, mode="pull/outgoing",
                   action="fetch", result="success", message="Begun.")
busy = repository("Busy")
db.sync_lease.insert(repository_id=busy, owner="elsewhere#1#x", heartbeat=now + timedelta(hours=1),
                     run_id=run(busy, "running", resource_name="org_organisation"))
run(repository("Empty", resources=()))
torn = repository("Torn")
run(pulled(torn))
db.sync_kept.insert(kind="conflict", tablename="org_organisation", repository_id=torn, fingerprint="x", uuid="x")
late = repository("Late")
run(late)
from applications.eden.modules.s3sync.scheduler import jobs
jobs.add_job(site, late, None, period=900, timeout=60)
db(db.scheduler_task).update(next_run_time=now - timedelta(hours=1))
""",
    )
    page = admin.page("/sync/index")
    assert "in step" in row(page, "Good") and "none" in row(page, "Good")
    bad = row(page, "Bad")
    assert "needs attention" in bad
    assert "The last run failed: Organizations: The other site cannot be reached." in bad
    assert (
        "The last run failed: Received: nothing. Sent: 0. Failed: org_organisation (pull): No route."
        in row(page, "Of before")
    )
    assert "never connected" in row(page, "New") and "Nothing was exchanged yet" in row(page, "New")
    assert "never fetched" in row(page, "Visitor") and "when the other site begins" in row(page, "Visitor")
    assert "has fetched nothing yet" in row(page, "Visitor")
    assert "has not been in touch" in row(page, "Stranger")
    assert "broken off" in visible(admin.page("/sync/log"))
    assert "broken off" in row(page, "Killed") and "working" in row(page, "Busy")
    assert "Choose resources" in row(page, "Empty")
    assert "1 record needs your decision" in row(page, "Torn")
    assert "there is no worker" in row(page, "Late") and "No worker is running" in visible(page)
    assert "The last run: failed: 1" in page
    names = re.findall(r'<th scope="row"><a[^>]*>(\w+)</a>', page)
    assert names == ["Bad", "Killed", "Late", "Torn", "Busy", "Empty", "New", "Stranger", "Visitor", "Good"]

    found = re.findall(r'<th scope="row"><a[^>]*>(\w+)</a>', admin.page("/sync/index?sort=-name"))
    assert found == sorted(names, reverse=True) and 'aria-sort="descending"' in admin.page(
        "/sync/index?sort=-name"
    )
    assert re.findall(r'<th scope="row"><a[^>]*>(\w+)</a>', admin.page("/sync/index?state=in_step")) == [
        "Good",
    ]
    assert "Torn" not in visible(admin.page("/sync/index?q=goo")) and "Good" in admin.page(
        "/sync/index?q=goo"
    )
    assert "No repository matches" in visible(admin.page("/sync/index?q=100%25"))


@pytest.mark.parametrize(
    ("skew", "words"), [(7200, "2 hours ahead"), (-90, "2 minutes behind"), (864_000, "10 days ahead")]
)
def test_a_clock_that_is_off_needs_attention_whatever_else_does(
    admin: Browser, site: WebSite, skew: int, words: str
) -> None:
    made(
        site,
        f"""
off = {{"settings": {{"skew": {skew}}}}}
run(pulled(repository("Fine else", **off)))
run(repository("Failing", **off), "failed", message="No route.")
repository("Visitor", url=None, last_connected=now, **off)
torn = repository("Torn", **off)
run(pulled(torn))
db.sync_kept.insert(kind="rejected", tablename="org_organisation", repository_id=torn, fingerprint="x", uuid="x")
run(pulled(repository("Right", settings={{"skew": 59}})))
""",
    )
    page = admin.page("/sync/index")
    for name in ("Fine else", "Failing", "Visitor", "Torn"):
        text = row(page, name)
        assert "needs attention" in text and f"The clock of the other site is {words}." in text, text
        assert text.count("by the network (NTP)") == 1, text
    assert "clock" not in row(page, "Right") and "in step" in row(page, "Right")
    for key in re.findall(r'href="/eden/sync/repository/(\d+)">(?:Fine else|Failing|Visitor|Torn)<', page):
        text = visible(admin.page(f"/sync/repository/{key}"))
        assert f"The clock of the other site is {words}." in text and "by the network (NTP)" in text
        assert words in visible(admin.page(f"/sync/repository/{key}/update"))


def test_dark_colours_come_as_the_reader_chose(admin: Browser) -> None:
    def dark() -> list[str]:
        return re.findall(r'sync/dark\.css" media="([^"]+)"', admin.page("/sync/index"))

    assert dark() == ["screen and (prefers-color-scheme: dark)"]
    for theme, media in (("dark", ["screen"]), ("light", [])):
        admin.get(f"/default/choose?theme={theme}")
        assert dark() == media


def test_many_repositories_come_in_pages(admin: Browser, site: WebSite) -> None:
    made(site, "for number in range(30): run(repository(f'Office {number:02}'))")
    page = admin.page("/sync/index")
    assert "Page 1 of 2" in visible(page) and "Office 24" in page and "Office 25" not in page
    second = admin.page("/sync/index?page=2")
    assert "Office 25" in second and "Office 24" not in second
    assert "Office 29" in admin.page("/sync/index?page=99")


def test_what_waits_is_counted_and_drawn(admin: Browser, site: WebSite) -> None:
    made(
        site,
        """
run(repository("Field"))
s3db["org_organisation"].insert(name="Not sent yet")
from applications.eden.modules.s3sync.database import traffic
traffic.note(db, now.date(), 1, received=1200, sent=34)
""",
    )
    page = admin.page("/sync/index")
    assert "waiting" in row(page, "Field") and "To be sent: 1 record." in row(page, "Field")
    assert (
        "1200 received, 34 sent" in page and 'class="mark-received"' in page and 'class="mark-sent"' in page
    )
    path = re.findall(r'href="/eden(/sync/repository/\d+)"', page)[0]
    text = visible(admin.page(path))
    assert "To be sent: 1 record." in text and "Synchronize now" in text
    assert "Organizations Fetch and send 1 not known never never none" in text


def test_a_repository_shows_its_runs(admin: Browser, site: WebSite) -> None:
    key = made(
        site,
        "key = repository('Field')\n"
        "for number in range(25): run(key, 'failed' if number == 3 else 'completed', ago=9000 - number, created=2)\n"
        "print(key)",
    )
    page = admin.page(f"/sync/repository/{key}")
    assert "The last 25 runs: completed: 24, failed: 1" in page and "Page 1 of 2" in visible(page)
    assert "30 seconds" in visible(page) and f"/sync/repository/{key}/log?run=" in page
    assert "failed" in visible(admin.page(f"/sync/repository/{key}?page=2"))


def test_the_schedule(admin: Browser, site: WebSite) -> None:
    key = made(site, "print(repository('Field'))")
    jobs = f"/sync/repository/{key}/job"
    assert "is not on the schedule" in visible(admin.page(jobs))
    answer = admin.submit(f"{jobs}/create", "job", every="2", unit="86400", at="03:00")
    text = visible(answer.text)
    assert "Every 2 days at 03:00 UTC ." in text and "waits for its time" in text and "Next run in" in text
    assert "03:00 UTC" in text.partition("Next run in")[2]
    (job,) = set(re.findall(rf"{jobs}/\d+", answer.text))
    form = forms(admin.page(job))["job"]
    assert (form["every"], form["unit"], form["at"]) == ("2", "86400", "03:00")
    assert "switched off" in visible(admin.submit(job, "job", every="3", unit="60", at="", enabled=None).text)
    assert "Every 3 minutes." in visible(admin.page(jobs))
    for wrong, part in (
        ({"every": "0"}, "1 or more"),
        ({"at": "25:00"}, "such as 03:30"),
        ({"stop_time": "2020-01-01T00:00"}, "already past"),
        ({"start_time": "soon"}, "a day and a time"),
    ):
        page = admin.submit(job, "job", **wrong).text
        assert part in visible(page) and 'aria-invalid="true"' in page
        assert next(iter(wrong.values())) in forms(page)["job"].values()
    assert "queued" in visible(admin.submit(job, "reset").text)
    question = admin.page(f"{job}?ask=delete")
    assert "Take this job off the schedule?" in visible(question)
    assert "is not on the schedule" in visible(admin.submit(f"{job}?ask=delete", "delete").text)


def test_a_job_that_failed_says_why(admin: Browser, site: WebSite) -> None:
    key = made(
        site,
        "key = repository('Field')\n"
        "from applications.eden.modules.s3sync.scheduler import jobs\n"
        "jobs.add_job(site, key, None, period=900, timeout=60)\n"
        "task = db(db.scheduler_task.function_name == 'sync_synchronize').select().first()\n"
        "task.update_record(status='FAILED')\n"
        "trace = 'Traceback:\\ns3sync.core.errors.RunFailed: Received: nothing. Sent: 0. Failed: No route.'\n"
        "called = db.scheduler_run.insert(task_id=task.id, status='FAILED', stop_time=now, traceback=trace)\n"
        "failure = dict(resource='org_organisation', mode='pull', code='peer_unreachable', message='No route.')\n"
        "run(key, 'failed', message='Of no use here', failures=[failure], scheduler_run_id=called)\n"
        "print(key)",
    )
    text = visible(admin.page(f"/sync/repository/{key}/job"))
    assert (
        "given up" in text and "failed" in text and "Organizations: The other site cannot be reached." in text
    )
    assert "No route" not in text and "Of no use" not in text
    assert "Next run none" in text, "it does not run any more"


def test_a_run_is_followed_and_stopped(admin: Browser, site: WebSite) -> None:
    key = made(site, "print(repository('Field'))")
    now, source = f"/sync/repository/{key}/now", f"/sync/repository.json/{key}/now"
    assert admin.get(source).json() == {"state": "idle"}
    answer = admin.submit(now, "start")
    assert "Waiting for a worker" in visible(answer.text) and "No worker is running" in visible(answer.text)
    assert '<noscript><meta http-equiv="refresh"' in answer.text and "sync/live.js" in answer.text
    assert admin.get(source).json() == {"state": "queued"}
    admin.submit(now, "cancel")
    assert admin.get(source).json() == {"state": "idle"} and "was taken back" not in admin.page(now)

    made(
        site,
        f"""
began = now - timedelta(seconds=10)
run = db.sync_run.insert(repository_id={key}, started_on=began, stage_since=began, state="running", done=5000,
    stage="importing", direction="pull", resource_name="org_organisation", total=20000, bytes_received=3000000)
db.sync_lease.insert(repository_id={key}, owner="elsewhere#1#x", heartbeat=now + timedelta(hours=1), run_id=run)
""",
    )
    told = admin.get(source).json()
    assert told["state"] == "running" and told["stage"] == "Taking over what was fetched"
    assert told["records"] == "5000 of 20\u202f000 records"
    # a quarter of what is fetched, and nothing of what is sent
    assert told["share"] == 0.125
    assert told["received"] == "2.9 MB" and "second" in told["rate"] and "second" in told["left"]
    page = admin.page(now)
    assert "Taking over what was fetched Organizations" in visible(page) and 'value="0.125"' in page
    assert admin.get(source).headers["Cache-Control"] == "no-store"
    assert "It stops after the page" in visible(admin.submit(now, "cancel").text)
    assert admin.get(source).json()["stopping"] is True

    made(
        site,
        "db(db.sync_lease).delete()\n"
        'db(db.sync_run).update(state="cancelled", finished_on=now, message="It was stopped.", created=7, sent=3,\n'
        '    details={"org_organisation": {"received": {"created": 7, "rejected": 1}, "sent": 3}}, rejected=1)',
    )
    text = visible(admin.page(now))
    assert "The last run – stopped" in text and "It was stopped." in text and "Log of this run" in text
    assert "Organizations 7 created, 1 rejected 3" in text and "Conflicts and rejected records" in text
    assert admin.get(source).json() == {"state": "idle"}


def test_a_repository_that_is_deleted_takes_its_waiting_run_along(admin: Browser, site: WebSite) -> None:
    key = made(site, "print(repository('Field'))")
    admin.submit(f"/sync/repository/{key}/now", "start")
    waiting = "print(db(db.scheduler_task.function_name == 'sync_synchronize').count())"
    assert made(site, waiting) == "1"
    admin.submit(f"/sync/repository/{key}/update?ask=delete", "delete")
    assert made(site, waiting) == "0"


def test_a_run_asks_for_what_it_needs(admin: Browser, site: WebSite) -> None:
    passive = made(site, "print(repository('Visitor', url=None))")
    assert "The other site begins the exchange" in visible(admin.page(f"/sync/repository/{passive}/now"))
    assert "Its schedule is at the other site" in visible(admin.page(f"/sync/repository/{passive}/job"))
    empty = made(site, "print(repository('Empty', resources=()))")
    assert "Nothing is exchanged yet" in visible(admin.page(f"/sync/repository/{empty}/now"))
    assert "start" not in forms(admin.page(f"/sync/repository/{empty}/now"))


def test_only_progress_is_there_for_programs(admin: Browser, site: WebSite) -> None:
    key = made(site, "print(repository('Field'))")
    for tab in ("", "/update", "/task", "/preview", "/job", "/kept", "/log", "/nothing"):
        assert admin.get(f"/sync/repository.json/{key}{tab}").status_code in (404, 415), tab


def test_what_belongs_to_a_resource_is_counted_with_it(admin: Browser, site: WebSite) -> None:
    key = made(
        site,
        "key = repository('Field', resources=('pr_person',))\n"
        "for table in ('pr_person', 'pr_contact'):\n"
        "    db.sync_kept.insert(kind='rejected', tablename=table, repository_id=key, fingerprint=table, uuid=table)\n"
        "print(key)",
    )
    text = visible(admin.page(f"/sync/repository/{key}"))
    assert "To decide 2 records" in text and "never never 2 records" in text
    assert "2 to decide" in visible(admin.page(f"/sync/repository/{key}/task"))


def test_progress_is_for_administrators(site: WebSite) -> None:
    answer = Browser(site.url).get("/sync/repository.json/1/now")
    assert "state" not in answer.text


def test_files_that_have_not_come_are_listed_until_somebody_gives_them_up(
    site: WebSite, admin: Browser
) -> None:
    key = made(
        site,
        """
key = repository("hub", capabilities=["cursor"])
db.sync_deferred.insert(tablename="doc_document", record_id=1, fieldname="file", target="", filename="minutes.docx",
                        uuid="doc_document.file.1.61.txt", url="http://127.0.0.1:9/x", repository_id=key)
print(key)
""",
    )
    address = f"/sync/repository/{key}/now"
    shown = visible(admin.get(address).text)
    assert "Files that have not come yet" in shown and "minutes.docx (since " in shown
    admin.submit(address, "give_up")
    assert "Files that have not come yet" not in visible(admin.get(address).text)


def fetched(url: str, **headers: str) -> tuple[int, str]:
    """Return status and text of an address that monitoring asks."""
    request = urllib.request.Request(
        url, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def eden(site: WebSite, *arguments: str) -> tuple[int, Any]:
    """Return status and answer of the operator's command line, as JSON."""
    done = subprocess.run(
        [str(CHECKOUT / "eden"), "--instance", str(site.folder), "--json", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "EDEN_PYTHON": sys.executable},
    )
    return done.returncode, json.loads(done.stdout)


def test_an_operator_and_monitoring_see_what_the_screens_say(admin: Browser, site: WebSite) -> None:
    made(site, "key = repository('North')\nrun(key, 'failed', message='No route.')")
    root = site.url.removesuffix("/eden")
    status, told = fetched(f"{root}/health")
    assert (status, json.loads(told)["workers"]) == (503, 0)
    status, told = fetched(f"{root}/metrics")
    assert status == 200 and 'eden_sync_last_run_failed{repository="North"' in told
    for name in ("metrics", "eden/sync/metrics", "eden/sync/metrics.json"):
        assert fetched(f"{root}/{name}", X_Forwarded_For="192.0.2.1")[0] == 403
        assert fetched(f"{root}/{name}", X_Forwarded_For="192.0.2.1", Authorization="Bearer x")[0] == 403
    assert "needs attention" in row(admin.page("/sync/index"), "North")
    code, answer = eden(site, "status")
    assert code == 1 and answer["states"]["attention"] == 1
    (north,) = answer["repositories"]
    assert north["label"] in row(admin.page("/sync/index"), "North")
    assert north["why"] in visible(admin.page("/sync/index"))
    code, answer = eden(site, "sync", "North")
    assert code == 1 and answer["runs"][0]["state"] == "queued", "there is no worker"
    code, answer = eden(site, "conflicts", "--repository", "Nowhere")
    assert code == 2 and "no repository Nowhere" in answer["error"]
    made(site, "worker()")
    found = [eden(site, "status")[1]["workers"], json.loads(fetched(f"{root}/health")[1])["workers"]]
    assert found == [1, 1]
