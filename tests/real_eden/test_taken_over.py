"""What a plain Eden had configured goes on with Eden Sync, and after it: ``./test --eden FOLDER``.

Skipped without an Eden.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.real_eden import EMAIL, MARKS, PASSWORD, PATIENCE, RealEden, copied, on_postgres

pytestmark = MARKS
#: Pages of an Eden and of its own synchronisation, and documents of its records.
PAGES = (
    "default/index",
    "org/organisation",
    "pr/person",
    "gis/location",
    "sync/index",
    "sync/config",
    "sync/repository",
    "sync/log",
    "org/organisation.xml",
    "gis/location.xml",
    "sync/sync.xml?resource=org_organisation",
)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def configured(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RealEden, RealEden, dict[str, Any]]]:
    """An Eden with Eden Sync that answers, and a plain one that has it as a repository, with a job."""
    folder: Path = tmp_path_factory.mktemp(f"over-{request.param}")
    with contextlib.ExitStack() as stack:
        home = folder / "field"
        field = stack.enter_context(on_postgres(home)) if request.param == "postgres" else copied(home)
        headquarters = copied(folder / "headquarters")
        headquarters.ask("administrator", email=EMAIL, password=PASSWORD)
        headquarters.install()
        url = stack.enter_context(headquarters.served())
        account = field.ask("administrator", email=EMAIL, password=PASSWORD)
        given = {"url": url, "email": EMAIL, "password": PASSWORD, "account": account}
        made = field.ask("configure", **given, organisations=["Alpha", "Arcadia", "Beta"])
        register(url, made["uuid"])
        yield field, headquarters, made


def register(url: str, identifier: str) -> None:
    """Introduce the plain Eden, as it did when its repository was entered there."""
    told = {"uuid": identifier, "name": "Field"}
    answer = requests.post(
        f"{url}/sync/repository/register.json", json=told, auth=(EMAIL, PASSWORD), timeout=PATIENCE
    )
    answer.raise_for_status()


def answers(eden: RealEden) -> dict[str, tuple[int, int]]:
    """Return the status of each page for an administrator, and how many records a document has."""
    found = {}
    with eden.served() as url, requests.Session() as session:
        session.trust_env, session.auth = False, (EMAIL, PASSWORD)
        for page in PAGES:
            answer = session.get(f"{url}/{page}", timeout=PATIENCE)
            found[page] = (answer.status_code, answer.text.count("<resource "))
    return found


def test_what_was_configured_runs_there_and_back(
    configured: tuple[RealEden, RealEden, dict[str, Any]],
) -> None:
    field, headquarters, made = configured
    files, plain = field.files(), answers(field)
    field.install()
    with field.worker():
        deadline = time.monotonic() + PATIENCE
        while not (runs := field.ask("job", job=made["job"])["runs"]) or runs[0][0] == "RUNNING":
            assert time.monotonic() < deadline
            time.sleep(2)
    assert runs[0] == ["COMPLETED", ""]
    arrived = headquarters.ask("job", job=0)["organisations"]
    assert {"Alpha", "Arcadia"} <= set(arrived) and "Beta" not in arrived

    with_ours = answers(field)
    assert {page: status for page, (status, _) in with_ours.items()} == {
        page: status for page, (status, _) in plain.items()
    }
    assert field.tickets() == []

    status, answer = field.run("uninstall", "--purge")
    assert status == 0 and answer["left"] == [] and answer["database"]["closed"]["failed"] == [], answer
    assert field.files() == files
    assert answers(field) == plain
