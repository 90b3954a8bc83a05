"""Log-ins of a real site: guesses are slowed down, and a session lasts as long as its password."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator

import pytest
import requests

from s3.users.failed_logins import FILE
from tests.support.application import Browser
from tests.support.webserver import EMAIL, PASSWORD, WebSite, running_site

ACCOUNTS = """
from applications.eden.modules.s3db.setup import create_user

for name in ("basic", "page", "guessed", "forwarded", "closed", "old", "reset", "two"):
    create_user(globals(), name + "@example.com", "a-long-password", roles=("Synchronization",))
create_user(globals(), "letters@example.com", "ein-längeres-Paßwort", roles=("Synchronization",))
db(db.auth_user.email == "closed@example.com").update(registration_key="disabled")
field = db.auth_user.password
from gluon.validators import CRYPT
cheap = str(CRYPT(digest_alg="pbkdf2(20000,20,sha512)")("a-long-password")[0])
db(db.auth_user.email == "old@example.com").update(password=cheap)
"""
OFFER = "/sync/offer.json"
LOGIN = "/default/user/login"

pytestmark = [pytest.mark.slow, pytest.mark.integration]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    with running_site(tmp_path_factory.mktemp("logins") / "site", ACCOUNTS) as found:
        yield found


def asked(site: WebSite, name: str, password: str, **headers: str) -> requests.Response:
    return requests.get(site.url + OFFER, auth=(f"{name}@example.com", password), headers=headers, timeout=30)


def entered(site: WebSite, name: str, password: str) -> tuple[Browser, requests.Response]:
    person = Browser(site.url)
    return person, person.submit(LOGIN, {"email": f"{name}@example.com", "password": password})


def test_guesses_of_programs_are_slowed_down_and_written_down(site: WebSite) -> None:
    assert asked(site, "basic", PASSWORD).status_code == 200
    answers = [asked(site, "basic", f"guess-{number}") for number in range(15)]
    assert {each.status_code for each in answers[:10]} == {401}
    refused = answers[-1]
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) >= 1
    assert refused.json()["error"] == "too_many_attempts"
    assert asked(site, "basic", PASSWORD).status_code == 429, "the right one tells nothing either"
    log = (site.folder.parent / "server.log").read_text()
    failures = [each for each in answers if each.status_code == 401]
    assert log.count("Log-in failed: 'basic@example.com' from 127.0.0.1") == len(failures)
    assert "guess-" not in log


def test_what_is_written_down_of_a_log_in_has_the_address_that_it_came_from(site: WebSite) -> None:
    person = Browser(site.url)
    person.session.headers["X-Forwarded-For"] = "203.0.113.7"
    person.submit(LOGIN, {"email": "two@example.com", "password": PASSWORD})
    assert "203.0.113.7" not in site.run("print([row.client_ip for row in db(db.auth_event).select()])")


def test_letters_beyond_ascii_are_no_wrong_password(site: WebSite) -> None:
    # requests sends Latin-1 for text, curl UTF-8.
    right = "ein-längeres-Paßwort"
    for password in (right, right.encode()):
        answer = requests.get(site.url + OFFER, auth=(b"letters@example.com", password), timeout=30)
        assert answer.status_code == 200


def test_an_invented_address_is_no_way_round(site: WebSite) -> None:
    answers = [
        asked(site, "forwarded", "guess", **{"X-Forwarded-For": f"203.0.113.{number}"})
        for number in range(12)
    ]
    assert answers[-1].status_code == 429


def test_guesses_on_the_login_page_are_slowed_down(site: WebSite) -> None:
    for _ in range(10):
        assert "Email or password is wrong" in entered(site, "page", "a-wrong-guess")[1].text
    # The second after the tenth one passes before a busy machine has asked again: here there are more before.
    with contextlib.closing(sqlite3.connect(site.application / "private" / FILE)) as failures, failures:
        row = (time.time() - 3600, "guessed@example.com", "127.0.0.1", "page")
        failures.executemany("INSERT INTO failure VALUES (?, ?, ?, ?)", [row] * 14)
    assert "Email or password is wrong" in entered(site, "guessed", "a-wrong-guess")[1].text
    _, refused = entered(site, "guessed", PASSWORD)
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) >= 1
    assert "Too many wrong passwords" in refused.text


def test_the_login_page_does_not_tell_who_has_an_account(site: WebSite) -> None:
    pages = {
        entered(site, name, "a-wrong-guess")[1].text.count("Email or password is wrong")
        for name in ("closed", "nobody")
    }
    assert pages == {1}
    assert "This account is disabled" in entered(site, "closed", PASSWORD)[1].text, "its owner is told"


def test_a_cheap_hash_is_renewed_at_the_next_log_in(site: WebSite) -> None:
    assert asked(site, "old", PASSWORD).status_code == 200
    stored = site.run("print(db(db.auth_user.email == 'old@example.com').select().first().password)")
    assert stored.startswith("pbkdf2(210000,")
    assert asked(site, "old", PASSWORD).status_code == 200
    assert "Log out" in entered(site, "old", PASSWORD)[1].text


def test_a_session_ends_when_the_password_changes(site: WebSite) -> None:
    (one, _), (other, _) = entered(site, "two", PASSWORD), entered(site, "two", PASSWORD)
    changed = {"old_password": PASSWORD, "new_password": "another-one-1", "new_password2": "another-one-1"}
    one.submit("/default/user/change_password", changed)
    assert "Log out" in one.get("/default/index").text, "whoever changed it stays"
    assert "Log out" not in other.get("/default/index").text
    for path in ("/default/user/profile", "/default/user/change_password"):
        assert other.get(path).url.partition("?")[0].endswith(LOGIN)


def test_a_session_ends_when_an_administrator_sets_a_password(site: WebSite) -> None:
    person, _ = entered(site, "reset", PASSWORD)
    assert "Log out" in person.get("/default/index").text
    administrator = Browser(site.url).login(EMAIL)
    key = site.run("print(db(db.auth_user.email == 'reset@example.com').select().first().id)").strip()
    values = {"first_name": "R", "email": "reset@example.com", "new_password": "another-one-1"}
    administrator.submit(f"/admin/user/{key}", values)
    assert "Log out" not in person.get("/default/index").text


def test_nobody_saves_the_profile_of_somebody_else(site: WebSite) -> None:
    person, _ = entered(site, "old", PASSWORD)
    answer = person.submit("/default/user/profile", {"id": "999999", "first_name": "X"})
    assert answer.status_code == 403 and site.tickets() == []
