"""Who opened a form is proved by the form itself; only that user may have it taken, and only once."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gluon.storage import Storage

from s3.pages.form_keeper import COOKIE, LASTS, MOST_SPENT, FormKeeper, _fields
from s3sync.ui.forms import PROOF


class Site:
    """A site with its key, a clock and who is logged in."""

    def __init__(self, folder: Path) -> None:
        self.user: int | None = 7
        self.moment = 1_800_000_000.0
        self.keeper = FormKeeper(folder, lambda: self.user, lambda: self.moment)

    def form(self, key: str = "k", name: str = "org_office/5", **typed: Any) -> Storage:
        """Return what the form that the present user opens would send."""
        proof = self.keeper.proof(name, key)
        return Storage({"_formkey": key, "_formname": name, PROOF: proof, **typed})


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def taken(site: Site, session: Storage, sent: Storage) -> bool:
    site.keeper.admit(session, sent)
    return sent._formkey in (session.get(f"_formkey[{sent._formname}]") or ())


def test_a_form_proves_who_opened_it(site: Site) -> None:
    sent = site.form()
    assert site.keeper.opened_by(sent) == 7 and site.keeper.is_ours(sent)
    site.user = 8
    assert site.keeper.opened_by(sent) == 7 and not site.keeper.is_ours(sent)
    site.user = None
    assert not site.keeper.is_ours(sent) and site.keeper.proof("org_office/5", "k") is None


@pytest.mark.parametrize("name", ["_formkey", "_formname", PROOF])
def test_a_proof_is_for_one_form(site: Site, name: str) -> None:
    sent = site.form()
    other = {"_formkey": "other", "_formname": "org_office/6", PROOF: "gAAAAABother"}
    assert site.keeper.opened_by({**sent, name: other[name]}) is None
    assert site.keeper.opened_by({**sent, name: None}) is None
    assert site.keeper.opened_by({**sent, name: [sent[name]] * 2}) is None


def test_a_proof_of_another_site_is_none(site: Site, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert site.keeper.opened_by(Site(tmp_path / "other").form()) is None


def test_the_cookie_of_a_browser_is_no_proof_and_a_proof_no_cookie(site: Site) -> None:
    response = SimpleNamespace(cookies=__import__("http.cookies").cookies.SimpleCookie())
    site.keeper.greet(SimpleNamespace(is_https=True), response, 7)
    cookie = response.cookies[COOKIE]
    assert cookie["httponly"] and cookie["secure"] and cookie["samesite"] == "Lax"
    assert site.keeper.was_here(SimpleNamespace(cookies={COOKIE: cookie}))
    assert site.keeper.opened_by({**site.form(), PROOF: cookie.value}) is None
    forged = SimpleNamespace(value=site.form()[PROOF])
    assert not site.keeper.was_here(SimpleNamespace(cookies={COOKIE: forged}))
    assert not site.keeper.was_here(SimpleNamespace(cookies={}))
    site.moment += LASTS + 1
    assert not site.keeper.was_here(SimpleNamespace(cookies={COOKIE: cookie}))


def test_a_form_is_taken_in_another_session_and_once(site: Site) -> None:
    sent, session = site.form(), Storage()
    assert taken(site, session, sent)
    session.pop("_formkey[org_office/5]")
    assert not taken(site, session, sent), "web2py has removed the key, for it was used"
    for number in range(MOST_SPENT + 5):
        taken(site, session, site.form(str(number)))
    assert len(session.spent_form_keys) == MOST_SPENT


def test_a_form_is_taken_for_a_month(site: Site) -> None:
    sent = site.form()
    site.moment += LASTS
    assert taken(site, Storage(), sent)
    site.moment += 1
    assert not taken(site, Storage(), sent)


def test_the_form_of_another_is_not_taken(site: Site) -> None:
    sent = site.form()
    site.user = 8
    assert not taken(site, Storage(), sent)


def test_the_same_form_with_the_same_values_was_saved_already(site: Site) -> None:
    session, sent = Storage(), site.form(name_="A")
    assert site.keeper.saved_as(session, sent) is None
    site.keeper.saved(session, sent, "/eden/org/office/5")
    assert site.keeper.saved_as(session, sent) == "/eden/org/office/5"
    assert site.keeper.saved_as(session, site.form(name_="B")) is None
    assert site.keeper.saved_as(session, site.form("other", name_="A")) is None


def test_passwords_files_and_keys_are_not_kept() -> None:
    file = SimpleNamespace(filename="a.txt")
    typed = {
        "passport_number": "1",
        "key_contact": "2",
        "types": ["a", "b"],
        "_formname": "x",
        "_shown": "{}",
    }
    left_out = {
        "password": "p",
        "new_password2": "p",
        "client_secret": "p",
        "file": file,
        "files": ["a", file],
        "_formkey": "k",
        PROOF: "x",
        "raw": b"x",
    }
    assert _fields({**typed, **left_out}) == typed
