"""``./eden apply`` on each database: one file makes a site, a second time it changes nothing."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from s3sync.administration import invitations as invitations
from s3sync.command_line import commands as commands
from s3sync.core.errors import PeerUnreachable
from s3sync.core.policy import Policy
from s3sync.core.task import Mode
from s3sync.database import accounts as accounts
from s3sync.scheduler import jobs as jobs
from s3sync.scheduler import queue as queue
from s3sync.site.repositories import all_of, first
from s3sync.site.scoping import scopes as scopes
from s3sync.wire.protocol.invitation import Invitation
from tests.support.server_sites import EVERY_KIND
from tests.support.site import SampleSite

SECRET = "correct-horse-battery"


@pytest.fixture(autouse=True)
def role(site: SampleSite) -> None:
    """The role that accounts of sites get."""
    site.s3db["auth_group"].insert(role=accounts.ROLE)
    site.db.commit()


def applied(site: SampleSite, folder: Path, text: str, **given: Any) -> dict[str, Any]:
    """Apply a file; return the answer, in which no secret may stand."""
    file = folder / "site.toml"
    file.write_text("version = 1\n" + text, encoding="utf-8")
    answer = commands.carry_out(site, str, {"command": "apply", "file": str(file), **given}, print)
    assert SECRET not in str(answer)
    return answer


def office(number: int, scope: str = "Field") -> str:
    return account(number) + repository(number, scope) + f'account = "office-{number}@example.org"\n'


def account(number: int) -> str:
    return f"""
[[accounts]]
email = "office-{number}@example.org"
password_env = "OFFICES"
"""


def repository(number: int, scope: str = "Field") -> str:
    return f"""
[[repositories]]
name = "Office {number:02}"
uuid = "urn:uuid:office-{number}"
scope = "{scope}"
"""


FIELD = """
[[scopes]]
name = "Field"
[[scopes.rules]]
resource = "org_organisation"
filters = "~.name__like=Red*"
[[scopes.rules]]
resource = "org_office"
write = false
"""


@pytest.mark.parametrize("site", EVERY_KIND, indirect=True)
def test_fifty_served_repositories_come_from_one_file_and_the_status_tells_them_apart(
    site: SampleSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFICES", SECRET)
    # Hashing a password takes most of a second here, so not all of them have an account.
    text = FIELD + "".join((office if number < 3 else repository)(number) for number in range(50))
    dry = applied(site, tmp_path, text, dry_run=True)
    assert dry["needs_attention"] and len(dry["changes"]) == 54
    assert all_of(site) == [] and scopes.all_of(site) == []

    done = applied(site, tmp_path, text)
    assert done["changes"] == dry["changes"] and not done["needs_attention"]
    found = all_of(site)
    assert [each.name for each in found] == [f"Office {number:02}" for number in range(50)]
    (scope,) = scopes.all_of(site)
    assert {each.scope_id for each in found} == {scope.id}
    assert scope.scope.rules["org_organisation"].filter_text == "~.name__like=Red*"
    assert not scope.scope.rules["org_office"].writes
    keys = [each.account_id for each in found if each.account_id is not None]
    assert len(set(keys)) == 3 and all(accounts.is_of_a_site(site.db, each) for each in keys)
    assert accounts.has_password(site.db, keys[0], SECRET)

    again = applied(site, tmp_path, text)
    assert again["changes"] == [] and again["unchanged"] == 54

    site.repository(found[0].id).note_contact(0.0, "registered")
    site.db.sync_repository(found[1].id).update_record(approval="revoked")
    site.db.commit()
    told = commands.carry_out(site, str, {"command": "status"}, print)["repositories"]
    assert len({each["name"] for each in told}) == 50 and len({each["id"] for each in told}) == 50
    states = {each["name"]: each["reason"] for each in told}
    assert states["Office 01"] == "revoked" and states["Office 02"] == "no_contact"
    assert states["Office 00"] not in ("no_contact", "revoked")


HEADQUARTERS = """
[site]
log_days = 30
notify_to = ["ann@example.org", "ben@example.org"]
retries = 0

[[groups]]
name = "Everyone"
resources = [
  {resource = "org_organisation", mode = "pull", conflict_policy = "other", filters = ["~.name__like=Red*"]},
  {resource = "org_office", strategy = ["create", "update"]},
]
[groups.schedule]
every = "2 hours"
at = "03:30"
after_change = 5

[[repositories]]
name = "Headquarters"
group = "Everyone"
url = "http://127.0.0.1:9/eden"
username = "me@example.org"
password_file = "secret"
"""


@pytest.mark.parametrize("site", EVERY_KIND, indirect=True)
def test_a_site_that_begins_gets_resources_filters_policies_and_its_schedule(
    site: SampleSite, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    done = applied(site, tmp_path, HEADQUARTERS)
    # Nobody is there: what was stored stays, and the next time it is tried again.
    assert done["needs_attention"] and done["registered"][0]["name"] == "Headquarters"
    (repository,) = all_of(site)
    assert site.vault.open(repository.password) == SECRET
    tasks = {each.resource: each for each in repository.task_rows}
    assert tasks["org_organisation"].rules.mode is Mode.PULL
    assert tasks["org_organisation"].rules.conflict_policy is Policy.OTHER
    assert [each.value for each in tasks["org_office"].rules.strategy] == ["create", "update"]
    assert str(repository.tasks[0].exchange.filters[0]).endswith("~.name__like=Red*")
    (job,) = jobs.jobs_of(site.db, repository.id)
    assert (job.scheduler_task.period, job.sync_job.after_change) == (7200, 5)
    assert job.scheduler_task.start_time.minute == 30 and job.scheduler_task.start_time.hour % 2 == 1
    config = site.config()
    assert (config.log_days, config.notify_to, config.retries) == (30, "ann@example.org, ben@example.org", 0)
    assert applied(site, tmp_path, HEADQUARTERS)["changes"] == []

    narrower = HEADQUARTERS.replace("Red*", "Blue*").replace("2 hours", "15 minutes")
    narrower = narrower.replace('  {resource = "org_office", strategy = ["create", "update"]},\n', "")
    (change,) = applied(site, tmp_path, narrower)["changes"]
    assert change["action"] == "change" and len(change["details"]) == 3
    assert [each.resource for each in site.repository(repository.id).task_rows] == ["org_organisation"]
    assert [row.scheduler_task.period for row in jobs.jobs_of(site.db, repository.id)] == [900]


WRONG = """
colour = "red"
[site]
log_days = "many"
[[scopes]]
name = "Field"
[[scopes.rules]]
resource = "org_organization"
[[accounts]]
email = "north@example.org"
password_env = "NOT_THERE"
[[repositories]]
name = "North"
uuid = "u"
scope = "Feild"
account = "nroth@example.org"
urll = "http://north"
[[repositories.resources]]
resource = "org_office"
mode = "sideways"
filters = "~.nowhere=1"
[repositories.schedule]
every = "often"
[[repositories]]
name = "South"
"""


def test_everything_wrong_is_told_with_its_line_and_nothing_is_changed(
    site: SampleSite, tmp_path: Path
) -> None:
    told = applied(site, tmp_path, WRONG)["error"]
    assert all_of(site) == [] and scopes.all_of(site) == [] and site.config().log_days is None
    for expected in (
        "line 3, colour: There is no key colour here.",
        "line 5, site.log_days: This is not a whole number.",
        "line 9, scopes[1].rules[1].resource: This site has no records org_organization that could be exchanged. "
        "Did you mean org_organisation?",
        "line 12, accounts[1].password_env: NOT_THERE cannot be read: there is none.",
        "line 16, repositories[1].scope: There is no scope Feild. Did you mean Field?",
        "line 17, repositories[1].account: There is no account nroth@example.org. Did you mean north@example.org?",
        "line 18, repositories[1].urll: There is no key urll here. Did you mean url?",
        "line 21, repositories[1].resources[1].mode: 'sideways' is not possible.",
        "line 22, repositories[1].resources[1].filters:",
        "line 24, repositories[1].schedule.every: 'often' is no time.",
        "line 25, repositories[2]: The repository South is not complete.",
    ):
        assert expected in told
    assert len(told.splitlines()) == 12


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[accounts]\n", "This is no TOML"),
        ('[[accounts]]\nemail = "a@example.org"\n', "A new account needs a password"),
        ("[[repositories]]\nname = 5\n", "This is not text"),
        ('[[repositories]]\nname = "A"\nurl = "ftp://x"\n', "http"),
        ('[[repositories]]\nname = "A"\nurl = "http://u:p@x"\n', "stand in the address"),
        ('[[repositories]]\nname = "A"\ntype = "carrier pigeon"\n', "is not possible"),
        (
            '[[repositories]]\nname = "A"\nuuid = "x"\n[[repositories]]\nname = "A"\nuuid = "y"\n',
            "here already",
        ),
        ('[[repositories]]\nname = "A"\nuuid = "x"\ngroup = "G"\n', "There is no group G"),
        ('[[invitations]]\nname = "N"\nscope = "S"\ncode_file = "c"\n', "There is no scope S"),
        ('[[groups]]\nname = "G"\nurl = 4\n', "This is not text"),
    ],
)
def test_what_is_wrong_is_told(site: SampleSite, tmp_path: Path, text: str, expected: str) -> None:
    answer = applied(site, tmp_path, text)
    assert expected in answer["error"] and "Nothing was changed" in answer["error"] and answer["remedy"]


def test_another_version_is_refused(site: SampleSite, tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    for text in ("", "version = 2", "version = true"):
        file.write_text(text)
        answer = commands.carry_out(site, str, {"command": "apply", "file": str(file)}, print)
        assert "version" in answer["error"]
    answer = commands.carry_out(site, str, {"command": "apply", "file": str(tmp_path / "none")}, print)
    assert "cannot be read" in answer["error"]


def test_the_account_of_a_person_is_left_alone(site: SampleSite, tmp_path: Path) -> None:
    key = site.db.auth_user.insert(email="ann@example.org", password="x")
    site.db.commit()
    text = f'[[accounts]]\nemail = "Ann@example.org"\npassword = "{SECRET}"\n'
    assert "account of a person" in applied(site, tmp_path, text)["error"]
    assert site.db.auth_user(key).password == "x"


def test_a_stored_password_goes_to_no_other_address(site: SampleSite, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    applied(site, tmp_path, HEADQUARTERS)
    moved = HEADQUARTERS.replace(":9/", ":10/")
    without = moved.replace('password_file = "secret"\n', "")
    assert "password is for the former one" in applied(site, tmp_path, without)["error"]
    assert all_of(site)[0].url == "http://127.0.0.1:9/eden"
    (change,) = applied(site, tmp_path, moved)["changes"]
    assert change["details"] == ["url: http://127.0.0.1:9/eden -> http://127.0.0.1:10/eden"]


def test_passwords_that_others_can_read_are_warned_of_and_changes_of_them_not_shown(
    site: SampleSite, tmp_path: Path
) -> None:
    text = f'[[accounts]]\nemail = "a@example.org"\npassword = "{SECRET}"\n'
    (tmp_path / "site.toml").touch(mode=0o644)
    assert "chmod 600" in applied(site, tmp_path, text)["warnings"][0]
    os.chmod(tmp_path / "site.toml", 0o600)
    assert applied(site, tmp_path, text)["warnings"] == []
    (change,) = applied(site, tmp_path, text.replace(SECRET, "another-" + SECRET[:8]))["changes"]
    assert change["details"] == ["password: another one"]


INVITED = (
    FIELD
    + """
[[invitations]]
name = "Nairobi"
scope = "Field"
minutes = 30
address = "http://hq.example.org/eden"
code_file = "nairobi.txt"
"""
)


def test_an_invitation_is_made_once_and_its_code_goes_to_a_file(site: SampleSite, tmp_path: Path) -> None:
    answer = applied(site, tmp_path, INVITED)
    code = (tmp_path / "nairobi.txt").read_text().strip()
    assert code not in str(answer)
    assert stat.S_IMODE((tmp_path / "nairobi.txt").stat().st_mode) == 0o600
    invitation = Invitation.from_code(code)
    assert (invitation.minutes, invitation.address) == (30, "http://hq.example.org/eden")
    assert {each.resource: each.mode for each in invitation.resources} == {
        "org_organisation": Mode.BOTH,
        "org_office": Mode.PULL,
    }
    assert applied(site, tmp_path, INVITED)["changes"] == []
    # One that nobody took up in time is made anew, but no file is written over.
    site.clock.step(8 * 86400)
    assert "nairobi.txt" in applied(site, tmp_path, INVITED)["error"]
    (tmp_path / "nairobi.txt").unlink()
    assert [each["kind"] for each in applied(site, tmp_path, INVITED)["changes"]] == ["invitation"]


def test_this_sites_certificate_is_looked_for_before_anything_is_stored(
    site: SampleSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []

    def own(asked: Any, address: str) -> str:
        looked.append((address, asked.store.in_transaction))
        return "ab" * 32

    monkeypatch.setattr(invitations, "own_certificate", own)
    applied(site, tmp_path, INVITED)
    assert looked == [("http://hq.example.org/eden", False)]
    assert Invitation.from_code((tmp_path / "nairobi.txt").read_text()).certificate == "ab" * 32


def test_what_fails_in_the_middle_changes_nothing(
    site: SampleSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise PeerUnreachable("no")

    monkeypatch.setenv("OFFICES", SECRET)
    text = INVITED + office(1)
    monkeypatch.setattr("s3sync.administration.invitations.Invitation", fail)
    assert "Nothing was changed" in applied(site, tmp_path, text)["error"]
    assert all_of(site) == [] and scopes.all_of(site) == [] and not (tmp_path / "nairobi.txt").exists()
    assert first(site, name="Office 01") is None and not site.accounts.users(["office-1@example.org"])


def test_a_scope_is_taken_away_and_changed(
    site: SampleSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFICES", SECRET)
    applied(site, tmp_path, FIELD + office(1))
    (change,) = applied(site, tmp_path, FIELD.replace("write = false", "components = false"))["changes"]
    assert change["details"] == [
        "org_office: read and write, without what belongs to them (was: read)",
    ]
    (change,) = applied(site, tmp_path, office(1, scope=""))["changes"]
    assert change["details"] == ["scope: Field -> everything"] and all_of(site)[0].scope_id is None


def test_two_repositories_of_one_account_have_one_scope(
    site: SampleSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFICES", SECRET)
    text = FIELD + office(1) + '[[repositories]]\nname = "B"\nuuid = "b"\naccount = "office-1@example.org"\n'
    assert "has the scope Field" in applied(site, tmp_path, text + 'scope = ""\n')["error"]
    assert applied(site, tmp_path, text + 'scope = "Field"\n')["changes"]


def test_what_is_prescribed_to_the_sites_of_a_scope_comes_from_the_file(
    site: SampleSite, tmp_path: Path
) -> None:
    prescribed = FIELD + "[scopes.prescribes]\nminutes = 20\nheadquarters_win = true\n"
    applied(site, tmp_path, prescribed)
    assert scopes.all_of(site)[0].prescribes == scopes.Prescribes(20, True)
    assert applied(site, tmp_path, prescribed)["changes"] == []
    # What the file does not say stays.
    assert applied(site, tmp_path, FIELD)["changes"] == []
    (change,) = applied(site, tmp_path, prescribed + "enabled = false\n")["changes"]
    assert change["details"] == ["prescribed to its sites: no longer"]
    assert scopes.all_of(site)[0].prescribes is None
