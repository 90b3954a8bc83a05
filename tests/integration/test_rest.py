"""The interface for programs over real HTTP: who may ask, what is answered, and that a refusal changes nothing."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.adapters.base import Remote
from s3sync.adapters.eden import EdenAdapter
from s3sync.adapters.lines import Lines
from s3sync.core.clock import SystemClock
from s3sync.core.retry import RetryPolicy
from s3sync.exchange.peer import Asking, Exchange
from s3sync.wire.columns import START, fold, unfold
from s3sync.wire.part_store import PartStore
from tests.support.peer import organisation, s3xml
from tests.support.proxy import Fault, FaultProxy
from tests.support.rest import OFFER, REGISTER, REGISTERED, SYNC, Line, answering_site, names, refused
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    with answering_site(tmp_path_factory.mktemp("rest") / "site") as running:
        yield running


@pytest.fixture()
def line(site: WebSite) -> Iterator[Line]:
    with Line(site) as session:
        yield session


#: Where several resources are exchanged in one request, and where sites tell how they stand.
TOGETHER = ("/sync/news.json", "/sync/pushes.json", "/sync/standing.json", "/sync/listen.json")

# --- who may ask -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", f"{SYNC}?resource=org_organisation"),
        ("GET", f"{SYNC}?resource=no_such"),
        ("POST", f"{SYNC}?resource=org_organisation"),
        ("POST", REGISTER),
        ("GET", REGISTER),
        ("GET", OFFER),
        ("GET", "/sync/file/doc_document.file.a.b.txt"),
        ("GET", "/org/organisation.xml"),
        ("DELETE", "/org/organisation/1.xml"),
    ],
)
@pytest.mark.parametrize("credentials", [("peer@example.com", "wrong"), ("nobody@example.com", PASSWORD)])
def test_without_credentials_there_is_a_401(
    site: WebSite, method: str, url: str, credentials: tuple[str, str]
) -> None:
    answer = Line(site, *credentials).request(method, url, data=b"x" if method == "POST" else None)
    assert answer.status_code == 401 and answer.text == "Authentication Required"
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="eden"'


def test_an_account_without_the_role_gets_a_403(site: WebSite) -> None:
    posted = [("POST", url) for url in (REGISTER, *TOGETHER)]
    for method, url in (("GET", f"{SYNC}?resource=org_organisation"), ("GET", OFFER), *posted):
        told = refused(Line(site, "clerk@example.com").request(method, url, data=b"{}"), 403)
        assert told["message"] == "Insufficient Privileges"


def test_who_listens_needs_a_registration_and_nobody_asks_for_all(line: Line) -> None:
    told = refused(line.post("/sync/listen.json?repository=unknown"), 403)
    assert told["message"] == "Registration required"
    assert line.get("/sync/listen.json").status_code == 405
    assert line.get("/sync/listeners.json").status_code == 404


def test_an_account_of_another_site_sees_no_screens(line: Line) -> None:
    assert line.get("/sync/index").status_code in (303, 401, 403)


def test_a_push_needs_a_registration(line: Line) -> None:
    for repository in ("", "&repository=unknown"):
        answer = line.post(f"{SYNC}?resource=org_organisation{repository}", data=s3xml(organisation(1)))
        assert refused(answer, 403)["message"] == "Registration required"
    assert line.get(f"{SYNC}?resource=org_organisation&repository=unknown").status_code == 200


# --- registration ------------------------------------------------------------------------------------------


def test_registration_again_updates(line: Line) -> None:
    body = json.dumps({"uuid": REGISTERED, "name": "renamed", "capabilities": ["gzip"], "other": 1})
    told = line.put(REGISTER, data=body).json()
    assert told["message"] == "Registration update successful" and told["sender"].startswith("urn:uuid:")
    assert "cursor" in told["capabilities"] and told["version"] and told["time"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b'{"name": "x"}', 200), (b'{"uuid": ""}', 200), (b"{", 400), (b"[1]", 400), (b"", 400)],
)
def test_a_registration_that_cannot_be_read(line: Line, body: bytes, status: int) -> None:
    told = refused(line.post(REGISTER, data=body), status)
    assert told["statuscode"] == "400" and told["sender"].startswith("urn:uuid:")


def test_other_ways_to_register(line: Line) -> None:
    assert refused(line.get(REGISTER), 405) and refused(line.delete(REGISTER), 405)
    assert refused(line.post("/sync/repository/register.xml", data=b"<a/>"), 415)


# --- column by column --------------------------------------------------------------------------------------


def test_documents_travel_column_by_column_in_both_directions(line: Line) -> None:
    document = s3xml(*(organisation(number) for number in range(5900, 5990)))
    sent = gzip.compress(b"".join(fold([document])))
    url = f"{SYNC}?resource=org_organisation&repository={REGISTERED}"
    told = line.post(url, data=sent, headers={"Content-Encoding": "gzip"}).json()
    assert told["records"] == 90
    # It has them already: somebody else asks.
    url = f"{SYNC}?resource=org_organisation&repository=unknown"
    plain = line.get(f"{url}&cursor=&limit=1000")
    raw = line.get(f"{url}&cursor=&limit=1000&columns=1")
    assert not raw.content.startswith(START), "only packed"
    taken = line.get(f"{url}&cursor=&limit=1000&columns=1", headers={"Accept-Encoding": "gzip"})
    assert taken.content.startswith(START) and len(taken.content) < len(plain.content)
    assert b"".join(unfold([taken.content])).count(b"<resource ") == plain.content.count(b"<resource ")
    broken = gzip.compress(b"".join(fold([document]))[:-9])
    url = url.replace("unknown", REGISTERED)
    assert refused(line.post(url, data=broken), 400)["error"] == "document_truncated"


# --- what is offered ---------------------------------------------------------------------------------------


def test_the_offer(site: WebSite, line: Line) -> None:
    told = line.get(f"{OFFER}?repository={REGISTERED}").json()
    assert told["software"] == "Eden Sync" and told["version"] and "cursor" in told["capabilities"]
    assert told["sender"].startswith("urn:uuid:") and told["time"] and told["page_size"] > 0
    assert told["known"] is True and line.get(f"{OFFER}?repository=unknown").json()["known"] is False
    offered = {each["name"]: each for each in told["resources"]}
    assert offered["org_organisation"]["title"] and "pr_person" in offered
    assert not [name for name in offered if name.startswith(("auth_", "sync_", "scheduler_"))]
    assert "org_site" not in offered
    before = offered["org_organisation"]["records"]
    site.run("s3db['org_organisation'].insert(name='Counted')\ndb.commit()")
    after = {each["name"]: each["records"] for each in line.get(OFFER).json()["resources"]}
    assert after["org_organisation"] == before + 1


def test_other_ways_to_ask_for_the_offer(line: Line) -> None:
    assert refused(line.post(OFFER, data=b"{}"), 405) and refused(line.get("/sync/offer.xml"), 415)
    assert line.get(OFFER).headers.get("set-cookie") is None


# --- requests that cannot be answered ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "status"),
    [
        (SYNC, 200),
        (f"{SYNC}?resource=mixed", 200),
        (f"{SYNC}?resource=organisation", 400),
        (f"{SYNC}?resource=no_such", 400),
        (f"{SYNC}?resource=auth_user", 403),
        (f"{SYNC}?resource=sync_repository", 403),
        (f"{SYNC}?resource=scheduler_task", 403),
        (f"{SYNC}?resource=org_organisation&msince=yesterday", 400),
        (f"{SYNC}?resource=org_organisation&msince=2026-01-01T00:00:00Z", 400),
        (f"{SYNC}?resource=org_organisation&msince=2026-01-01T00:00:00&msince=2026-01-02T00:00:00", 400),
        (f"{SYNC}?resource=org_organisation&[~]~.nosuch=1", 400),
        (f"{SYNC}?resource=org_organisation&[~]name=1", 400),
        (f"{SYNC}?resource=org_organisation&[no_such]~.name=1", 400),
        (f"{SYNC}?resource=org_organisation&[~]~.name__smells=1", 400),
        (f"{SYNC}?resource=org_organisation&cursor=nonsense", 400),
        (f"{SYNC}?resource=org_organisation&cursor=&limit=0", 400),
        ("/sync/sync.json?resource=org_organisation", 405),
        ("/org/organisation/x.xml", 400),
        ("/org/organisation/4711.xml", 404),
        ("/org/organisation.xml?limit=many", 400),
        ("/sync/file/auth_user.password.a.b.txt", 404),
        ("/sync/file/doc_document.file.nosuch.eA==.txt", 404),
    ],
)
def test_a_request_that_cannot_be_answered_says_why(site: WebSite, line: Line, url: str, status: int) -> None:
    asking = Line(site, EMAIL) if url.startswith("/org") else line
    refused(asking.get(url), status)


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_answered_and_nothing_is_deleted(line: Line, method: str) -> None:
    line.push(s3xml(organisation(2)))
    answer = line.request(method, f"{SYNC}?resource=org_organisation")
    refused(answer, 405)
    assert "GET" in answer.headers["Allow"]
    assert "Organisation 2" in names(line.pull())


def test_the_page_without_a_format_is_for_people(line: Line) -> None:
    assert line.get("/sync/sync").headers["Location"].endswith("/sync/index")


# --- documents that cannot be read ---------------------------------------------------------------------------

ENTITY = b'<!DOCTYPE s3xml [<!ENTITY a "x">]><s3xml>&a;</s3xml>'
EXTERNAL = b'<!DOCTYPE s3xml SYSTEM "http://127.0.0.1:1/x.dtd"><s3xml/>'
DEEP = b"<s3xml>" + b'<resource name="org_organisation">' * 100 + b"</resource>" * 100 + b"</s3xml>"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"<s3xml><resource", 400),
        (s3xml(organisation(3))[:-30], 400),
        (b"hello", 400),
        (b"<html><body/></html>", 400),
        (ENTITY, 400),
        (EXTERNAL, 400),
        (DEEP, 400),
        (b"<s3xml>\xff\xfe\xfd</s3xml>", 400),
        (b"\x1f\x8b damaged", 400),
        (gzip.compress(s3xml(organisation(3)), mtime=0)[:-20], 400),
        (b"<s3xml>" + b" " * 1_100_000 + b"</s3xml>", 413),
        (gzip.compress(b"<s3xml>" + b" " * 1_100_000 + b"</s3xml>", mtime=0), 413),
    ],
)
@pytest.mark.parametrize("label", ["application/x-www-form-urlencoded", "text/xml", "application/json", None])
def test_a_document_that_cannot_be_read_changes_nothing(
    line: Line, body: bytes, status: int, label: str | None
) -> None:
    headers = {"Content-Type": label} if label else {}
    refused(line.push(body, headers=headers), status)
    assert "Organisation 3" not in names(line.pull())


def test_super_entities_take_no_records(line: Line) -> None:
    assert "org_office" in refused(line.push(s3xml(), resource="org_site"), 400)["hint"]


def test_unknown_policies_are_refused(line: Line) -> None:
    refused(line.push(s3xml(organisation(3)), more="&update_policy=LUCK"), 400)
    refused(line.push(s3xml(organisation(3)), more="&strategy=create,explode"), 400)


# --- push ----------------------------------------------------------------------------------------------------


def test_a_push_of_an_eden(line: Line) -> None:
    told = line.push(s3xml(organisation(10), organisation(11))).json()
    assert told["status"] == "success" and told["records"] == 2 and len(told["created"]) == 2
    assert "checkpoint" not in told
    again = line.push(s3xml(organisation(10))).json()
    assert again["records"] == 1 and "created" not in again


def test_what_is_rejected_is_named_and_the_rest_taken(line: Line) -> None:
    bad = organisation(12).replace("Organisation 12", "x" * 200)
    told = line.push(s3xml(bad, organisation(13))).json()
    assert told["status"] == "success" and told["records"] == 1 and told["message"].endswith("items ignored")
    (item,) = told["tree"]["$_org_organisation"]
    assert item["@uuid"].endswith("12") and item["@error"]
    assert "Organisation 13" in names(line.pull())


def test_a_packed_push_of_one_of_ours(line: Line) -> None:
    body = gzip.compress(s3xml(organisation(14)))
    told = line.push(
        body, more="&journal=j&checkpoint=", headers={"Content-Encoding": "gzip", "Content-Type": "text/xml"}
    ).json()
    assert told["outcomes"] == {"created": 1} and told["restored"] is False and told["files"] == []
    again = line.push(body, more=f"&journal=j&checkpoint={told['checkpoint']}").json()
    assert again["outcomes"] == {"unchanged": 1} and again["restored"] is False
    lost = line.push(body, more=f"&journal=j&checkpoint={told['journal']}.1.unknown").json()
    assert lost["restored"] is True


# --- pull ----------------------------------------------------------------------------------------------------


def test_pages_lead_through_everything_once(line: Line) -> None:
    line.push(s3xml(*(organisation(each) for each in range(20, 27))))
    other = "urn:uuid:00000000-0000-4000-8000-00000000cafe"
    line.post(REGISTER, data=json.dumps({"uuid": other, "name": "other"}))
    seen: list[str] = []
    cursor, more = "", "true"
    while more == "true":
        answer = line.get(f"{SYNC}?resource=org_organisation&repository={other}&cursor={cursor}&limit=3")
        page = names(answer)
        assert len(page) <= 3
        seen += page
        head = answer.text.split(">")[1] + answer.text.split("<s3xml")[1].split(">")[0]
        cursor = head.split('cursor="')[1].split('"')[0]
        more = head.split('more="')[1].split('"')[0]
    assert len(seen) == len(set(seen)) and {f"Organisation {each}" for each in range(20, 27)} <= set(seen)
    again = line.get(f"{SYNC}?resource=org_organisation&repository={other}&cursor={cursor}&limit=3")
    assert names(again) == set()


def test_its_own_records_are_not_sent_back_to_a_site(line: Line) -> None:
    first = line.pull("&cursor=&checkpoint=&limit=1000")
    cursor = first.text.split('cursor="')[1].split('"')[0]
    reply = line.push(s3xml(organisation(30)), more="&journal=j&checkpoint=").json()
    knows_all = f"&cursor={cursor}&checkpoint={reply['checkpoint']}&limit=1000"
    assert "Organisation 30" not in names(line.pull(knows_all))
    assert "Organisation 30" in names(line.pull()), "an Eden that asks for everything gets everything"
    forgot_its_push = f"&cursor={cursor}&checkpoint=&limit=1000"
    assert "Organisation 30" in names(line.pull(forgot_its_push))


def test_filters_and_msince(line: Line) -> None:
    line.push(s3xml(organisation(40, "2020-01-01T00:00:00"), organisation(41, "2030-01-01T00:00:00")))
    assert names(line.pull("&[~]~.name__like=*tion 40")) == {"Organisation 40"}
    assert names(line.pull("&%5B~%5D~.name=Organisation%2040")) == {"Organisation 40"}
    assert "Organisation 40" not in names(line.pull("&msince=2025-01-01T00:00:00"))


def test_answers_are_packed_where_that_is_asked_for(line: Line) -> None:
    line.push(s3xml(*(organisation(each) for each in range(50, 60))))
    answer = line.get(f"{SYNC}?resource=org_organisation", headers={"Accept-Encoding": "gzip"}, stream=True)
    assert answer.headers["Content-Encoding"] == "gzip"
    raw = answer.raw.read(decode_content=False)
    assert len(raw) == int(answer.headers["Content-Length"])
    assert b"Organisation 55" in gzip.decompress(raw)


# --- files -----------------------------------------------------------------------------------------------------


def test_files_that_are_waited_for_are_taken_and_handed_out(line: Line) -> None:
    stored = "doc_document.file.00000000000000aa.bm90ZS50eHQ=.txt"
    record = (
        '<resource name="doc_document" uuid="urn:uuid:00000000-0000-4000-8000-0000000d0c01" mci="1"'
        ' modified_on="2026-03-01T08:00:00"><data field="name">Note</data>'
        f'<data field="file" url="http://127.0.0.1:1/eden/default/download/{stored}" filename="note.txt"/></resource>'
    )
    told = line.push(s3xml(record), resource="doc_document", more="&journal=j&checkpoint=").json()
    assert told["files"] == [stored], told
    url = f"/sync/file/{stored}?repository={REGISTERED}"
    refused(line.get(url), 404)
    refused(line.put(url, data=b"x" * 20_000), 413)
    assert line.put(url, data=b"content").json()["message"] == "File received"
    assert line.put(url, data=b"other").json()["message"] == "Nobody waits for this file"
    assert line.get(url).content == b"content"
    refused(line.delete(url), 405)
    refused(line.put(f"/sync/file/{stored}", data=b"x"), 403)


def test_a_file_that_nobody_waits_for_is_not_stored(site: WebSite, line: Line) -> None:
    for stored in ("doc_document.file.00000000000000bb.eA==.txt", "..%2F..%2Fx.txt"):
        answer = line.put(f"/sync/file/{stored}?repository={REGISTERED}", data=b"content")
        assert answer.status_code in (200, 400)
    assert list(Path(site.folder).rglob("*00bb*")) == []


def test_a_body_in_parts_is_pushed_and_a_file_is_taken_so(line: Line) -> None:
    body = s3xml(organisation(77), cursor="x")
    digest = hashlib.sha256(body).hexdigest()
    part = f"/sync/part/{digest}?repository={REGISTERED}"
    assert line.get(part).json()["have"] == 0
    sized = f"{part}&size={len(body)}"
    assert line.put(f"{sized}&offset=0", data=body[:100]).json()["have"] == 100
    assert line.put(f"{sized}&offset=0", data=body[:90]).json()["have"] == 100
    named = f"&journal=j&checkpoint=&body={digest}"
    assert refused(line.push(b"", more=named), 400)["error"] == "document_truncated"
    assert line.put(f"{sized}&offset=100", data=body[100:]).json()["have"] == len(body)
    assert line.push(b"", more=named).json()["outcomes"] == {"created": 1}
    assert line.push(b"", more=named).json()["outcomes"] == {"unchanged": 1}, "an answer may have been lost"
    for wrong in (f"{part}&offset=0", f"{sized}&offset=-1", f"{sized}&offset=x"):
        refused(line.put(wrong, data=b"x"), 400)
    refused(line.put(f"{sized}&offset=0", data=b"x" * (len(body) + 1)), 413)
    refused(line.put(f"/sync/part/..%2Fx?repository={REGISTERED}&size=1&offset=0", data=b"x"), 400)
    refused(line.put(f"/sync/part/{digest}?size=1&offset=0", data=b"x"), 403)
    refused(line.delete(part), 405)


def test_an_answer_that_broke_off_goes_on(line: Line) -> None:
    many = [organisation(number, uuid=f"urn:uuid:{number}-{'x' * 80}") for number in range(400, 900)]
    line.push(s3xml(*many), more="&journal=j&checkpoint=").json()
    # Whoever had a cursor and presents none has lost what it brought, and gets that, too.
    line.pull("&cursor=")
    asked = "&cursor=&keep=1&limit=100000"
    first = line.pull(asked)
    tag = first.headers["ETag"]
    assert tag == f'"{hashlib.sha256(first.content).hexdigest()}"' and len(first.content) > 70_000
    line.push(s3xml(organisation(950)), more="&journal=j&checkpoint=")
    url = f"{SYNC}?resource=org_organisation&repository={REGISTERED}{asked}"
    rest = line.get(url, headers={"Range": "bytes=50000-", "If-Range": tag})
    assert rest.status_code == 206 and rest.content == first.content[50_000:]
    size = len(first.content)
    assert rest.headers["Content-Range"] == f"bytes 50000-{size - 1}/{size}" and rest.headers["ETag"] == tag
    packed = line.get(f"{url}&total=1", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and "ETag" not in packed.headers, "small: not kept"
    for headers, asked_otherwise in (
        ({"Range": "bytes=50000-", "If-Range": '"x"'}, url),
        ({"Range": f"bytes={size}-", "If-Range": tag}, url),
        ({"Range": "bytes=50000-", "If-Range": tag}, url.replace("keep=1&", "")),
        ({"Range": "bytes=50000-", "If-Range": tag}, f"{url}&total=1"),
    ):
        again = line.get(asked_otherwise, headers=headers)
        assert again.status_code == 200 and len(again.content) > size
    assert "ETag" not in line.pull("&cursor=&limit=100000").headers


def test_a_pull_through_a_line_that_breaks_off_goes_on(site: WebSite, line: Line, tmp_path: Path) -> None:
    many = [organisation(number, uuid=f"urn:uuid:{number}-{'y' * 80}") for number in range(1000, 1600)]
    line.push(s3xml(*many), more="&journal=j&checkpoint=").json()
    line.pull("&cursor=")
    whole = line.pull("&cursor=&limit=100000").content
    with FaultProxy(("127.0.0.1", site.port)) as proxy:
        settings = {
            "url": f"http://127.0.0.1:{proxy.port}/eden",
            "username": "peer@example.com",
            "password": PASSWORD,
        }
        remote = Remote(1, "u", "there", REGISTERED, "here", settings, frozenset(("cursor", "resume")))
        store = PartStore(tmp_path / "parts", SystemClock(), 1000)
        with EdenAdapter(remote, Lines(tmp_path, SystemClock(), parts=store)) as adapter:
            adapter.transport._session.headers["Accept-Encoding"] = "identity"
            proxy.faults = [Fault(cut_after=50_000), Fault(cut_after=30_000), Fault(cut_after=20_000)]
            exchange, asking = Exchange("org_organisation"), Asking("", 100_000)
            page = RetryPolicy(attempts=2).run(lambda: adapter.pull(exchange, asking), sleep=lambda _: None)
    assert proxy.connections == 4 and page.received == len(page.path.read_bytes())
    records = [each.partition(b"<resource ")[2] for each in (whole, page.path.read_bytes())]
    assert records[0] == records[1] != b"" and store.names(1, "") == []


# --- the log ------------------------------------------------------------------------------------------------


def test_what_is_refused_is_in_the_log(site: WebSite, line: Line) -> None:
    line.push(b"<s3xml><resource")
    text = site.run(
        "for row in db(db.sync_log.result == 'fatal').select(orderby=~db.sync_log.id, limitby=(0, 20)):\n"
        "    print(row.mode, row.resource_name, row.action, row.message.replace(chr(10), ' '))"
    ) + site.run(
        "for row in db(db.sync_log.result == 'error').select(orderby=~db.sync_log.id, limitby=(0, 20)):\n"
        "    print(row.mode, row.resource_name, row.action, row.message.replace(chr(10), ' '))"
    )
    assert "push/incoming org_organisation receive" in text
