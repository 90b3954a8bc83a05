"""The settings page on a real site: what it stores holds, what is empty is as configured, mails go out once."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, forms, visible
from tests.support.smtp import MailServer, mail_server
from tests.support.webserver import EMAIL, PASSWORD, WebSite, running_site

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, mails: MailServer) -> Iterator[WebSite]:
    with running_site(tmp_path_factory.mktemp("settings") / "site") as site:
        ini = site.folder / "applications" / "eden" / "private" / "appconfig.ini"
        ini.write_text(
            f"{ini.read_text()}\n[mail]\nserver = {mails.address}\nsender = eden@example.org\ntls = no\n"
        )
        yield site
        assert site.tickets() == []


@pytest.fixture()
def admin(site: WebSite) -> Iterator[Browser]:
    browser = Browser(site.url).login(EMAIL, PASSWORD)
    yield browser
    empty = dict.fromkeys(
        forms(browser.page("/sync/config"))["config"].keys() - {"_formkey", "_formname"}, ""
    )
    browser.submit("/sync/config", "config", **empty)


def printed(site: WebSite, expression: str) -> str:
    return site.run(f"print({expression})").strip().splitlines()[-1]


def test_what_is_empty_is_as_configured_and_shown_so(site: WebSite, admin: Browser) -> None:
    text = visible(admin.page("/sync/config"))
    assert "Empty: 5000." in text and "Empty: 90." in text and "Empty: nobody." in text
    admin.submit("/sync/config", "config", page_size="250", log_days="7", max_document_mb="2.5", retries="0")
    kept = forms(admin.page("/sync/config"))["config"]
    assert (kept["page_size"], kept["log_days"], kept["max_document_mb"]) == ("250", "7", "2.50")
    assert kept["retries"] == "0" and kept["read_timeout"] == ""
    held = site.run(
        "held = current.sync_site.host.settings\n"
        "print(held.get_sync_page_size(), held.get_sync_log_days(), held.get_sync_retries(), "
        "held.get_sync_max_document_size(), held.get_sync_read_timeout(), "
        "held.as_configured().get_sync_page_size())"
    )
    assert held.strip().splitlines()[-1] == "250 7 0 2621440 300.0 5000"


def test_the_address_of_the_site_is_used(site: WebSite, admin: Browser) -> None:
    admin.submit(
        "/sync/config", "config", public_url="https://eden.example.org/", proxy="http://127.0.0.1:3128"
    )
    form = forms(admin.page("/sync/config"))["config"]
    assert (form["public_url"], form["proxy"]) == ("https://eden.example.org", "http://127.0.0.1:3128")
    assert "https://eden.example.org/eden" in visible(admin.page("/sync/config"))
    assert printed(site, "current.sync_site.base_url") == "https://eden.example.org/eden"


def test_what_cannot_be_used_is_said_at_its_field_and_kept(admin: Browser) -> None:
    answer = admin.submit(
        "/sync/config",
        "config",
        page_size="0",
        read_timeout="long",
        public_url="eden",
        notify_to="me, you@b.org",
    ).text
    for name in ("page_size", "read_timeout", "public_url"):
        control = re.search(rf'<input[^>]*name="{name}"[^>]*>', answer)
        assert control and 'aria-invalid="true"' in control.group(), name
        assert re.search(rf'aria-describedby="{name}__error[ "]', control.group()), name
        assert f'id="{name}__error"' in answer
    assert "Enter a number from 1 to 100000" in visible(answer) and 'value="long"' in answer
    answer = admin.submit("/sync/config", "config", notify_to="me, you@b.org").text
    assert "me is no e-mail address" in visible(answer) and "me, you@b.org" in html.unescape(answer)
    assert forms(admin.page("/sync/config"))["config"]["page_size"] == ""


def test_the_identifier_is_changed_on_a_page_that_says_what_follows(admin: Browser) -> None:
    path = "/sync/config/identifier"
    assert "has to be registered again" in visible(admin.page(path))
    former = forms(admin.page(path))["identifier"]["uuid"]
    told = visible(admin.submit(path, "identifier", uuid="urn:uuid:mine").text)
    assert "urn:uuid:mine" in told
    assert "Enter a value" in visible(admin.submit(path, "identifier", uuid="").text)
    admin.submit(path, "identifier", uuid=former)
    assert former in visible(admin.page("/sync/config"))
    assert admin.get("/sync/config/nothing").status_code == 404


def test_a_test_mail_goes_out(admin: Browser, mails: MailServer) -> None:
    assert "test_mail" not in forms(admin.page("/sync/config"))
    admin.submit("/sync/config", "config", notify_to="a@example.org; b@example.org")
    assert forms(admin.page("/sync/config"))["config"]["notify_to"] == "a@example.org, b@example.org"
    answer = admin.submit("/sync/config", "test_mail")
    assert "The mail server took a test mail to a@example.org, b@example.org" in visible(answer.text)
    assert "test mail" in mails.mails[-1]["subject"] and "b@example.org" in mails.mails[-1]["to"]
    mails.refusing = True
    assert "could not be sent" in visible(admin.submit("/sync/config", "test_mail").text)
    mails.refusing = False


RUN = """
from applications.eden.modules.s3sync.monitoring import failure_mail as notice
def run(state, message=""):
    db.sync_run.insert(repository_id=key, state=state, message=message)
    db.commit()
    notice.tell(current.sync_site, key)
    db.commit()
"""


def test_one_mail_tells_of_a_series_of_failures_and_one_of_its_end(
    site: WebSite, admin: Browser, mails: MailServer
) -> None:
    admin.submit("/sync/config", "config", notify_to="a@example.org", notify_after="2")
    mails.mails.clear()
    site.run(
        f"key = db.sync_repository.insert(name='Headquarters', url='http://127.0.0.1:9/eden')\n{RUN}\n"
        "run('completed')\nrun('failed', 'first')\n"
    )
    assert not mails.mails
    mails.refusing = True
    find = f"key = db.sync_repository(name='Headquarters').id\n{RUN}\n"
    site.run(f"{find}run('failed', 'second')")
    mails.refusing = False
    assert "could not be sent" in visible(admin.page("/sync/log"))
    site.run(f"{find}run('failed', 'The line is down.')\nrun('failed', 'again')\nrun('cancelled')\n")
    assert len(mails.mails) == 1
    text = mails.mails[0].get_content()
    assert mails.mails[0]["subject"].endswith("the synchronization with Headquarters keeps failing")
    assert (
        "The last 3 synchronizations" in text and "The line is down." in text and "/sync/repository/" in text
    )
    site.run(f"{find}run('completed')\nrun('completed')\nrun('failed', 'once')\n")
    assert len(mails.mails) == 2 and mails.mails[1]["subject"].endswith("Headquarters works again")


def test_a_mail_may_wait_for_more_failures_than_are_counted_otherwise(
    site: WebSite, admin: Browser, mails: MailServer
) -> None:
    admin.submit("/sync/config", "config", notify_to="a@example.org", notify_after="60")
    mails.mails.clear()
    site.run(
        f"key = db.sync_repository.insert(name='Harbour', url='http://127.0.0.1:9/eden')\n{RUN}\n"
        "for number in range(59):\n    run('failed', 'no line')\n"
    )
    assert not mails.mails
    site.run(f"key = db.sync_repository(name='Harbour').id\n{RUN}\nrun('failed', 'no line')\n")
    assert len(mails.mails) == 1
