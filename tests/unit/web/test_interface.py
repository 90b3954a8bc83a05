"""Answers of the interface for programs: the status, what is allowed, and no more read than is sent."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import pytest
from gluon import HTTP, current
from gluon.storage import Storage

from s3sync.core.task import RunState
from s3sync.passive.begun import BegunExchanges
from s3sync.site import Site
from s3sync.web import interface as interface
from s3sync.web import plain_resources as plain_resources
from tests.support.site import SampleSite

Entrance = Callable[[Any, Any], Any]


@pytest.fixture()
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = SampleSite(tmp_path / "site", users={"somebody@example.org": 1})
    made.auth.user = SimpleNamespace(id=1)
    monkeypatch.setattr(current, "sync_site", made, raising=False)
    yield made
    made.db.close()


def asked(method: str, extension: str = "xml", arg: str | None = None, **variables: str) -> Any:
    return SimpleNamespace(
        wsgi=SimpleNamespace(environ={}),
        env=Storage(request_method=method, path_info="/eden"),
        extension=extension,
        args=lambda number: arg,
        get_vars=Storage(variables),
        body=io.BytesIO(),
    )


def refusal(entrance: Entrance, request: Any) -> HTTP:
    with pytest.raises(HTTP) as caught:
        entrance(request, SimpleNamespace(headers={}))
    refused: HTTP = caught.value
    return refused


def of_table(request: Any, response: Any) -> Any:
    return plain_resources.resource_request(request, response, "org", "organisation", None)


def of_record(request: Any, response: Any) -> Any:
    return plain_resources.resource_request(request, response, "org", "organisation", "1")


@pytest.mark.parametrize(
    ("entrance", "extension", "allowed"),
    [
        (interface.sync_request, "xml", "GET, POST, PUT"),
        (interface.sync_request, "json", ""),
        (interface.register_request, "json", "POST, PUT"),
        (interface.standing_request, "json", "POST, PUT"),
        (interface.news_request, "json", "POST, PUT"),
        (interface.pushes_request, "json", "POST, PUT"),
        (interface.offer_request, "json", "GET"),
        (interface.file_request, "txt", "GET, PUT"),
        (of_table, "xml", "GET, POST, PUT"),
        (of_record, "xml", "GET, POST, PUT, DELETE"),
    ],
)
def test_a_405_names_the_methods_of_its_address(
    site: Site, entrance: Entrance, extension: str, allowed: str
) -> None:
    refused = refusal(entrance, asked("PATCH", extension))
    assert refused.status == 405
    assert refused.headers["Allow"] == allowed


def test_a_whole_table_is_not_deleted(site: Site) -> None:
    refused = refusal(of_table, asked("DELETE"))
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, POST, PUT")


@pytest.mark.parametrize(
    "stored", ["doc_document.file.nosuch.eA==.txt", "auth_user.password.a.b.txt", "no_such.file.a.b.txt", ""]
)
def test_a_file_that_is_not_here_is_a_404(site: Site, stored: str) -> None:
    refused = refusal(interface.file_request, asked("GET", arg=stored))
    assert refused.status == 404
    assert json.loads(refused.body)["error"] == "record_unknown"


@pytest.mark.parametrize("resource", ["org_organisation", "no_such"])
def test_what_another_account_is_refused_is_no_exchange_of_the_site_that_it_names(
    site: Site, resource: str
) -> None:
    key = site.db.sync_repository.insert(name="Field", uuid="urn:uuid:field", account_id=1)
    BegunExchanges(site.repository(key)).note("org_organisation", sent=1)
    site.db.commit()
    request = asked("GET", repository="urn:uuid:field", resource=resource, cursor="")
    site.auth.user = SimpleNamespace(id=2)  # type: ignore[attr-defined]
    assert refusal(interface.sync_request, request).status in (400, 403, 404)
    (row,) = site.db(site.db.sync_served).select()
    assert row.state == RunState.RUNNING.value and not row.message
    # Its own account's is.
    site.auth.user = SimpleNamespace(id=1)  # type: ignore[attr-defined]
    refusal(interface.sync_request, asked("GET", repository="urn:uuid:field", resource="no_such", cursor=""))
    (row,) = site.db(site.db.sync_served).select()
    assert row.state == RunState.FAILED.value and row.message


def test_without_the_module_its_addresses_do_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current, "sync_site", None, raising=False)
    refused = refusal(of_table, asked("GET"))
    told = json.loads(refused.body)
    assert (refused.status, told["error"]) == (404, "module_disabled")
    assert "models/000_config.py" in told["hint"]


def test_a_page_of_a_resource_reads_no_more_than_it_sends(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = site.s3db["org_organisation"]
    for number in range(40):
        table.insert(name=f"Organisation {number}", uuid=f"urn:uuid:{number}")
    site.db.commit()
    read: list[int] = []
    ask = site.store.rows

    def rows(sql: str, *parameters: Any) -> Any:
        found = ask(sql, *parameters)
        read.append(len(found))
        return found

    monkeypatch.setattr(site.store, "rows", rows)
    sent: list[bytes] = []
    response = SimpleNamespace(headers={}, stream=lambda stream, **options: sent.append(stream.read()))
    of_table(asked("GET", start="20", limit="5"), response)
    assert [f"Organisation {number}<".encode() in sent[0] for number in (19, 20, 24, 25)] == [
        False,
        True,
        True,
        False,
    ]
    assert max(read) <= 5


@pytest.mark.parametrize("entrance", [interface.sync_request, interface.file_request, of_table, of_record])
def test_an_exception_ends_at_the_edge_as_json_with_a_trace_in_the_log(
    site: Site, entrance: Entrance, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*args: Any) -> None:
        raise RecursionError("s3cret")

    monkeypatch.setattr(interface, "checked_method", fails)
    monkeypatch.setattr(plain_resources, "checked_method", fails)
    request = asked("GET")
    refused = refusal(entrance, request)
    assert refused.status == 500 and refused.headers["Content-Type"].startswith("application/json")
    told = json.loads(refused.body)
    assert (told["error"], told["status"]) == ("internal_error", "failed") and "s3cret" not in refused.body
    assert any(each.exc_info for each in caplog.records), "the trace is in the log"
    assert request.wsgi.environ["__ROUTES_ONERROR__"], "web2py must not replace the answer by a page"


def test_a_database_that_is_gone_does_not_hide_the_answer(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise OSError("the line to the database is cut")

    monkeypatch.setattr(site.db, "rollback", gone)
    monkeypatch.setattr(interface, "checked_method", gone)
    assert refusal(interface.sync_request, asked("GET")).status == 500


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"http_sec_fetch_site": "cross-site"}, 403),
        ({"http_sec_fetch_site": "same-site"}, 403),
        ({"http_origin": "https://evil.example"}, 403),
        ({"http_origin": "null"}, 403),
        ({"http_origin": "https://own.example.org.evil.example"}, 403),
        ({"http_sec_fetch_site": "same-origin", "http_origin": "https://own.example.org"}, 400),
        ({"http_sec_fetch_site": "none"}, 400),
        ({}, 400),
    ],
)
@pytest.mark.parametrize("entrance", [interface.sync_request, interface.register_request, of_table])
def test_a_page_of_another_site_writes_nothing(
    site: Site, entrance: Entrance, headers: dict[str, str], status: int
) -> None:
    request = asked("POST", "json" if entrance is interface.register_request else "xml")
    request.env.update(http_host="own.example.org", **headers)
    refused = refusal(entrance, request)
    # Without a body, and for a push without a resource, there is nothing to take: 400, or 200 as an Eden says it.
    assert (refused.status == 403) == (status == 403)


def test_by_rest_a_record_is_of_the_account_whatever_it_says(site: Site) -> None:
    site.db.auth_user.insert(id=2, email="admin@example.org")
    named = " ".join(f'{name}="admin@example.org"' for name in ("created_by", "modified_by", "owned_by_user"))
    body = f'<s3xml><resource name="org_organisation" uuid="u" {named}><data field="name">A</data></resource></s3xml>'
    request = asked("POST")
    request.body = io.BytesIO(body.encode())
    of_table(request, SimpleNamespace(headers={}))
    row = site.db(site.db.org_organisation.uuid == "u").select().first()
    assert (row.created_by, row.modified_by, row.owned_by_user) == (1, 1, 1)
