"""Connecting two sites on the screens: the connection test and its answers, the form, the end of a repository."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import Browser, forms, visible
from tests.support.peer import PASSWORD as PEER_PASSWORD
from tests.support.peer import (
    TICKET,
    USER,
    Answer,
    Asked,
    Classic,
    FakePeer,
    Ours,
    authenticated,
    organisation,
)
from tests.support.ports import free_port
from tests.support.screens import CLERK, PEER, SECRET
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = pytest.mark.integration
FORM = "/sync/repository/create"


@pytest.fixture()
def peer() -> Iterator[FakePeer]:
    with FakePeer() as server:
        yield server


def told_of(admin: Browser, url: str, username: str = PEER, password: str = SECRET, **more: Any) -> str:
    """Test the connection of a new repository; return what the page says."""
    values = {"url": url, "username": username, "password": password, **more}
    answer = admin.submit(FORM, "repository", test="1", **values)
    assert answer.status_code == 200
    assert not password or password not in answer.text
    return visible(answer.text)


def stored(site: WebSite) -> int:
    return int(site.run("print(db(db.sync_repository).count(), end='')").strip())


def test_the_test_answers_every_question_and_stores_nothing(
    admin: Browser, field: WebSite, headquarters: WebSite
) -> None:
    before = stored(field), stored(headquarters)
    answer = admin.submit(FORM, "repository", test="1", url=headquarters.url, username=PEER, password=SECRET)
    text = visible(answer.text)
    for part in (
        "The connection works. Nothing has been saved yet.",
        "yes Can the other site be reached? It answers at this address.",
        "with Eden Sync",
        "goes on where a broken line stopped",
        "the account may synchronize",
        "They agree",
        "not yet Does it know this site?",
    ):
        assert part in text, part
    form = forms(answer.text)["repository"]
    assert (form["url"], form["username"], form["password"]) == (headquarters.url, PEER, "")
    assert form["name"] and "What you typed is kept" in text and SECRET not in answer.text
    assert (stored(field), stored(headquarters)) == before

    # Saved without typing the password again: what was typed for the test is used.
    form["_formname"] = "repository"
    saved = admin.session.post(admin.base + FORM, data={**form, "name": "Headquarters"}, timeout=60)
    assert "registered at the other site" in saved.text and saved.url.endswith("/task")
    path = saved.url[len(admin.base) :].rpartition("/")[0]
    again = admin.submit(f"{path}/update", "repository", test="1")
    assert "yes Does it know this site? This site is registered there." in visible(again.text)
    double = told_of(admin, headquarters.url)
    assert "already here as the repository Headquarters" in double
    admin.submit(f"{path}/update?ask=delete", "delete")


def test_a_password_typed_for_a_test_is_not_used_for_another_repository(
    admin: Browser, headquarters: WebSite
) -> None:
    told_of(admin, headquarters.url)
    saved = admin.submit(FORM, "repository", name="One", url="", username="", password="")
    path = saved.url[len(admin.base) :].rpartition("/")[0]
    page = admin.page(f"{path}/update")
    assert "What you typed is kept" not in visible(page)
    assert "enters this address there" in visible(page), visible(page)
    assert "Its administrator enters" in visible(page)
    admin.submit(f"{path}/update?ask=delete", "delete")


@pytest.mark.parametrize(
    ("username", "password", "parts"),
    [
        (PEER, "mistyped", ("no May this site log in there? User name or password are wrong.",)),
        ("", "", ("The other site asks for a user name and a password.",)),
        (CLERK, PASSWORD, ("may not synchronize", "give the account the role Synchronization")),
    ],
)
def test_an_account_that_is_not_let_in(
    admin: Browser, headquarters: WebSite, username: str, password: str, parts: tuple[str, ...]
) -> None:
    text = told_of(admin, headquarters.url, username, password)
    assert "It does not work yet" in text and "yes Can the other site be reached?" in text
    assert [part for part in parts if part not in text] == []
    assert "not asked Does it know this site?" in text


def test_who_cannot_be_reached(admin: Browser, field: WebSite) -> None:
    text = told_of(admin, f"http://127.0.0.1:{free_port()}/eden")
    assert "nothing answers at this port" in text and "Check the port in the address" in text
    assert "not asked Is it an Eden?" in text
    text = told_of(admin, "http://nowhere.invalid/eden")
    assert "The name in the address is not known in the network" in text
    text = told_of(admin, "http://127.0.0.1:9/eden", proxy=f"http://127.0.0.1:{free_port()}")
    assert "The proxy does not let the request through" in text
    text = told_of(admin, "")
    assert "No address is entered" in text
    assert "leads back to this site itself" in told_of(admin, field.url, EMAIL, PASSWORD)


def test_a_site_that_speaks_no_tls(admin: Browser, peer: FakePeer) -> None:
    text = told_of(admin, peer.url.replace("http:", "https:"))
    assert "The address begins with https, but http is spoken there" in text


def test_a_sahana_eden(admin: Browser, peer: FakePeer) -> None:
    peer.role = authenticated(Classic())
    text = told_of(admin, peer.url, USER, PEER_PASSWORD)
    assert "It is a Sahana Eden" in text and "The connection works" in text
    assert "cannot be seen Does it know this site?" in text and "at the first synchronization" in text
    assert {asked.method for asked in peer.asked} == {"GET"}
    assert "User name or password are wrong" in told_of(admin, peer.url, USER, "mistyped")


def page(asked: Asked) -> Answer:
    return Answer(body=b"<html><title>Hotel network</title></html>", content_type="text/html")


@pytest.mark.parametrize(
    ("role", "parts"),
    [
        (page, ("not as an Eden does", "Hotel network", "A log-in page of the network")),
        (lambda asked: Answer(404, b"not here", "text/html"), ("no synchronization of an Eden",)),
        (lambda asked: Answer(500, TICKET, "text/html"), ("an error of its own", "error tickets")),
        (lambda asked: Answer(503), ("asks to come back later",)),
        (
            lambda asked: Answer(302, headers={"Location": "https://eden.example.org/eden/sync/offer.json"}),
            ("found at another address: https://eden.example.org/eden", "Enter that address"),
        ),
    ],
)
def test_what_is_no_eden_or_not_well(
    admin: Browser, peer: FakePeer, role: Any, parts: tuple[str, ...]
) -> None:
    peer.role = role
    text = told_of(admin, peer.url)
    assert [part for part in parts if part not in text] == [], text


@pytest.mark.parametrize(
    ("seconds", "words"), [(600, "10 minutes ahead of ours"), (-7200, "2 hours behind ours")]
)
def test_a_clock_that_is_off(admin: Browser, peer: FakePeer, seconds: int, words: str) -> None:
    def late(asked: Asked) -> Answer:
        answer = Ours().offer(asked)
        answer.date = email.utils.formatdate(time.time() + seconds, usegmt=True)
        return answer

    peer.role = late
    text = told_of(admin, peer.url)
    assert words in text and "attention Do the clocks agree?" in text and "(NTP)" in text


def test_what_was_entered_stays_when_something_is_wrong(admin: Browser) -> None:
    answer = admin.submit(FORM, "repository", name="", url="ftp://x", username="ana", password="hidden one")
    form = forms(answer.text)["repository"]
    assert (form["url"], form["username"], form["password"]) == ("ftp://x", "ana", "")
    assert "hidden one" not in answer.text and "What you typed is kept" in visible(answer.text)
    assert "What you typed is kept" not in visible(admin.page(FORM)), "it was typed for another address"
    assert answer.text.count('aria-invalid="true"') == 2


def test_an_address_by_which_passwords_travel_in_clear_is_warned_of(admin: Browser, field: WebSite) -> None:
    number = field.run(
        "print(db.sync_repository.insert(name='Plain', uuid='plain', url='http://eden.example.org/eden'), end='')\n"
        "db.commit()"
    ).strip()
    path, words = f"/sync/repository/{number}", "travel in clear"
    pages = ("/sync/index", path, f"{path}/update")
    assert all(words in visible(admin.page(page)) for page in pages)
    field.run(f"db(db.sync_repository.id == {number}).update(url='http://127.0.0.1:1/eden')\ndb.commit()")
    assert not any(words in visible(admin.page(page)) for page in pages)
    field.run(f"db(db.sync_repository.id == {number}).delete()\ndb.commit()")


def test_a_repository_is_deleted_only_when_asked_and_agreed(
    admin: Browser, field: WebSite, headquarters: WebSite
) -> None:
    saved = admin.submit(
        FORM, "repository", name="Short", url=headquarters.url, username=PEER, password=SECRET
    )
    path = saved.url[len(admin.base) :].rpartition("/")[0]
    admin.submit(f"{path}/task/create", "task", resource_name="org_organisation")
    question = visible(admin.page(f"{path}/update?ask=delete"))
    assert "Delete the repository Short?" in question and "its resources (" in question
    admin.submit(f"{path}/update?ask=delete", "delete", _formkey="forged")
    assert admin.get(f"{path}/update").status_code == 200
    number = path.rpartition("/")[2]
    field.run(
        "now = current.sync_site.clock.now()\n"
        f"run = db.sync_run.insert(repository_id={number}, state='running')\n"
        f"db.sync_lease.insert(repository_id={number}, owner='other-host:1:1', run_id=run, heartbeat=now)\n"
        "db.commit()"
    )
    assert "Stop that first" in admin.submit(f"{path}/update?ask=delete", "delete").text
    field.run(f"db(db.sync_lease.repository_id == {number}).delete()\ndb.commit()")
    assert "was deleted" in admin.submit(f"{path}/update?ask=delete", "delete").text
    assert admin.get(f"{path}/update").status_code == 404


@pytest.fixture()
def shared(field: WebSite) -> Iterator[Path]:
    """A folder that the operator of the field office allows."""
    folder = field.folder.parent / "shared"
    (folder / "out").mkdir(parents=True, exist_ok=True)
    settings = field.folder / "applications" / "eden" / "private" / "appconfig.ini"
    before = settings.read_text("utf-8")
    assert before.count("[sync]\n") <= 1
    rest = before if "[sync]\n" in before else f"{before}\n[sync]\n"
    settings.write_text(rest.replace("[sync]\n", f"[sync]\nfolder_roots = {folder}\n"), "utf-8")
    yield folder
    settings.write_text(before, "utf-8")


def test_the_fields_change_with_the_type_without_a_script(admin: Browser) -> None:
    eden, folder = admin.page(FORM), admin.page(f"{FORM}?type=folder")
    for page in (eden, folder):
        assert page.index("type=eden") < page.index("type=folder"), "the usual one is first"
    assert {"url", "username", "password"} <= set(forms(eden)["repository"])
    fields = set(forms(folder)["repository"])
    assert {"name", "path", "outbox"} <= fields and not fields & {"url", "username", "password", "uuid"}
    assert "Choose a folder" in visible(folder) and "do not travel" in visible(folder)
    assert "account with the role" in visible(eden) and "do not travel" not in visible(eden)
    assert 'value="Save and register"' in eden and 'value="Save and register"' not in folder


def test_a_folder_that_the_operator_does_not_allow_is_refused_with_what_to_do(admin: Browser) -> None:
    answer = admin.submit(f"{FORM}?type=folder", "repository", name="Stick", path="/etc")
    assert "folder_roots" in visible(answer.text) and answer.url.endswith("type=folder")


def test_the_key_of_a_server_is_shown_and_confirmed_by_saving_it(
    admin: Browser, field: WebSite, tmp_path: Path
) -> None:
    servers = pytest.importorskip("tests.support.file_servers.sftp", reason="paramiko is not installed")
    server = servers.SftpServer(tmp_path)
    path = f"{FORM}?type=sftp_files"
    entered = {"name": "Server", "url": server.url, "username": "field", "password": "secret of the field"}
    answer = admin.submit(path, "repository", test="1", **entered)
    assert server.shown in visible(answer.text) and "Nobody has confirmed the key" in visible(answer.text)
    key = forms(answer.text)["repository"]["host_key"]
    assert key == server.shown and server.asked == 0, "it is in the field, and no password was sent"
    assert "secret of the field" not in answer.text
    answer = admin.submit(path, "repository", test="1", **entered, host_key=key)
    assert "The connection works" in visible(answer.text)
    saved = admin.submit(path, "repository", **entered, host_key=key)
    number = saved.url.rpartition("/repository/")[2].partition("/")[0]
    told = field.run(f"print(db.sync_repository({number}).settings['adapter'], end='')")
    assert key in told and "secret" not in told
    server.stop()


def test_ftp_in_clear_is_warned_of(admin: Browser) -> None:
    page = visible(admin.page(f"{FORM}?type=ftp_site"))
    assert "ftp:// is not encrypted" in page
    wrong = admin.submit(f"{FORM}?type=ftp_site", "repository", name="F", url="http://files.example.org/x")
    assert "begins with ftps:// or ftp://" in visible(wrong.text)
    saved = admin.submit(
        f"{FORM}?type=ftp_files", "repository", name="F", url="ftp://files.example.org/x", username="me"
    )
    path = saved.url[len(admin.base) :].rpartition("/")[0]
    assert "travel in clear" in visible(admin.page(f"{path}/update"))


def test_the_form_follows_what_the_type_declares(field: WebSite) -> None:
    html = field.run(
        "from s3sync.adapters.base import Adapter\n"
        "from s3sync.adapters.settings import Kind, Setting\n"
        "from s3sync.web.screens.context import ScreenContext\n"
        "from s3sync.web.screens.repository.form import repository_form\n"
        "class Folder(Adapter):\n"
        "    apitype, label = 'folder', 'A folder'\n"
        "    settings = (\n"
        "        Setting('path', 'Folder', 'Where files lie', required=True),\n"
        "        Setting('client_secret', 'Key', kind=Kind.SECRET),\n"
        "        Setting('keep_source', 'Keep files', kind=Kind.BOOLEAN),\n"
        "    )\n"
        "desk = ScreenContext(current.sync_site, T, request, response, session)\n"
        "print(repository_form(desk, Folder, None))"
    )
    for part in (
        'name="path"',
        'name="client_secret"',
        'type="password"',
        'type="checkbox"',
        "Where files lie",
    ):
        assert part in html, part
    assert 'name="url"' not in html and 'name="username"' not in html


# --- preview -------------------------------------------------------------------------------------------------


def looked(admin: Browser, path: str, **query: str) -> str:
    more = "?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else ""
    return visible(admin.submit(f"{path}/preview{more}", "look").text)


def dumped(site: WebSite) -> str:
    """Return a digest of all that is in a site's database but sessions, which the screens themselves need."""
    return site.run(
        "import hashlib, sqlite3\n"
        "path = db._adapter.dbpath\n"
        "print(hashlib.sha256('\\n'.join(sqlite3.connect(path).iterdump()).encode()).hexdigest(), end='')"
    ).strip()


def test_the_preview_of_two_real_sites(admin: Browser, field: WebSite, headquarters: WebSite) -> None:
    saved = admin.submit(
        FORM, "repository", name="Seen", url=headquarters.url, username=PEER, password=SECRET
    )
    path = saved.url[len(admin.base) :].rpartition("/")[0]
    assert "Nothing is exchanged yet" in visible(admin.page(f"{path}/preview"))
    number = path.rpartition("/")[2]
    field.run(
        f"db.sync_task.insert(repository_id={number}, resource_name='org_organisation')\n"
        f"db.sync_task.insert(repository_id={number}, resource_name='org_office', mode=1)\n"
        "db.org_organisation.insert(uuid='seen', name='Made in the field')\ndb.commit()"
    )
    headquarters.run(
        "key = db.org_organisation.insert(uuid='far', name='Made at headquarters')\n"
        "s3db['org_office'].insert(name='Far office', organisation_id=key)\n"
        "db.commit()"
    )
    before = dumped(field), dumped(headquarters)
    text = looked(admin, path)
    assert "1 ✓ new here" in text and "1 ✓ new there" in text
    assert "Made at headquarters" in text and "Made in the field" in text and "Far office" in text
    assert text.count("From here to the other site") == 1
    only = looked(admin, path, resource="org_office")
    assert "Far office" in only and "Made in the field" not in only
    assert (dumped(field), dumped(headquarters)) == before

    field.run(f"db(db.sync_repository.id == {number}).update(url='http://127.0.0.1:9/eden')\ndb.commit()")
    assert "The other site could not be asked" in looked(admin, path)
    field.run(
        f"db(db.sync_repository.id == {number}).update(url='{headquarters.url}', password='x')\ndb.commit()"
    )
    assert "Check user name and password" in looked(admin, path)
    field.run(f"db(db.sync_repository.id == {number}).update(url=None)\ndb.commit()")
    assert "The other site begins" in visible(admin.page(f"{path}/preview"))
    admin.submit(f"{path}/update?ask=delete", "delete")


def test_the_preview_of_a_sahana_eden(admin: Browser, field: WebSite, peer: FakePeer) -> None:
    peer.role = authenticated(Classic(organisation(1), organisation(2)))
    saved = admin.submit(FORM, "repository", name="Old", url=peer.url, username=USER, password=PEER_PASSWORD)
    path = saved.url[len(admin.base) :].rpartition("/")[0]
    number = path.rpartition("/")[2]
    field.run(
        f"db.sync_task.insert(repository_id={number}, resource_name='org_organisation')\n"
        "db.org_organisation.insert(uuid='for-eden', name='For the Eden')\ndb.commit()"
    )
    peer.asked.clear()
    text = looked(admin, path)
    assert "2 ✓ new here" in text and "An Eden does not say beforehand" in text and "For the Eden" in text
    assert {asked.method for asked in peer.asked} == {"GET"}
    admin.submit(f"{path}/update?ask=delete", "delete")


# --- a folder ------------------------------------------------------------------------------------------------


def test_a_setting_without_a_column_is_stored_shown_again_and_used(
    admin: Browser, field: WebSite, shared: Path
) -> None:
    outside = admin.submit(f"{FORM}?type=folder", "repository", name="Stick", path="/etc")
    assert f"Enter the whole path of a folder below: {shared}" in visible(outside.text)
    missing = admin.submit(f"{FORM}?type=folder", "repository", name="Stick", path="")
    assert missing.url.endswith("type=folder"), "nothing can be read without it"

    values = {"name": "Stick", "path": str(shared), "outbox": str(shared / "out")}
    tested = admin.submit(f"{FORM}?type=folder", "repository", test="1", **values)
    assert "The connection works" in visible(tested.text) and "yes Can this site write there?" in visible(
        tested.text
    )
    saved = admin.submit(f"{FORM}?type=folder", "repository", **values)
    path = saved.url[len(admin.base) :].rpartition("/")[0]
    assert "Saved." in visible(saved.text) and saved.url.endswith("/task")
    shown = admin.page(f"{path}/update")
    assert forms(shown)["repository"]["outbox"] == str(shared / "out")
    assert "Register again" not in shown and "Repository UUID" not in shown and "Kind of site" not in shown
    admin.submit(f"{path}/update", "repository", outbox="")
    assert forms(admin.page(f"{path}/update"))["repository"]["outbox"] == ""
    admin.submit(f"{path}/update", "repository", outbox=str(shared / "out"))

    number = path.rpartition("/")[2]
    told = field.run(
        f"db.sync_task.insert(repository_id={number}, resource_name='org_organisation')\n"
        "s3db['org_organisation'].insert(name='By the folder')\ndb.commit()\n"
        "from s3sync.worker.synchronise import synchronize\n"
        f"print(synchronize({number}))"
    )
    assert "completed" in told
    (file,) = (shared / "out").iterdir()
    assert "By the folder" in file.read_text("utf-8")
    for tab in ("", "/update", "/task", "/task/create", "/job", "/now", "/preview", "/kept", "/log"):
        assert admin.get(f"{path}{tab}").status_code == 200, tab
    assert str(shared) in visible(admin.page("/sync/index"))
