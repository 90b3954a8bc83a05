"""What web2py has mended since the pinned version does not reach this application (table in SECURITY.md)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gluon import current
from gluon.globals import Session
from gluon.storage import Storage

from s3.pages import failure_page as failure_page
from s3.users.auth import S3Auth
from tests.support.places import APPLICATION, CHECKOUT

#: Parts of web2py with weaknesses that are mended elsewhere.
NOT_USED = re.compile(
    r"gluon\.form\b|gluon\.contrib\.(?!appconfig)|\bMARKMIN\b|\bgrid\(|\bsmartgrid\(|\bcas_|\bsanitize\s*=\s*True"
    r"|\bmanage_tokens\b|\bAuthJWT\b|\bopenid\b|\bldap\b|\bwebsocket",
    re.IGNORECASE,
)


def sources(*patterns: str) -> list[Path]:
    return [path for pattern in patterns for path in APPLICATION.rglob(pattern)]


def test_what_was_mended_elsewhere_is_not_used() -> None:
    found = sources("*.py", "*.html")
    assert len(found) > 100
    assert [str(path) for path in found if NOT_USED.search(path.read_text("utf-8"))] == []


def test_no_administration_of_web2py_is_part_of_a_site() -> None:
    assert [path.name for path in (CHECKOUT / "applications").iterdir() if path.is_dir()] == ["eden"]
    assert not (APPLICATION / "controllers" / "appadmin.py").exists()


@pytest.mark.parametrize(
    ("asked", "followed"),
    [
        ("/eden/sync/index?page=2", "/eden/sync/index?page=2"),
        ("https://evil.example", None),
        ("//evil.example", None),
        ("/\\evil.example", None),
        ("\\\\evil.example", None),
        ("\x01//evil.example", None),
        ("/\t/evil.example", None),
        ("/\n/evil.example", None),
        (" //evil.example", None),
        ("\u00a0//evil.example", None),
        ("javascript:alert(1)", None),
        ("evil.example", None),
        (["//evil.example", "/eden"], None),
        ("", None),
        (None, None),
    ],
)
def test_a_log_in_leads_nowhere_else(
    asked: Any, followed: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current, "request", SimpleNamespace(vars=Storage(_next=asked)), raising=False)
    assert S3Auth.get_vars_next(object.__new__(S3Auth)) == followed


@pytest.mark.parametrize("ticket", ["eden/<script>", "eden/a b", 'eden/"x', "eden/../x y", "None<"])
def test_the_page_for_errors_shows_nothing_of_the_address(
    ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current, "response", SimpleNamespace(headers={}), raising=False)
    monkeypatch.setattr(current, "T", str, raising=False)
    request = SimpleNamespace(env=SimpleNamespace(eden_sent_again=None))
    monkeypatch.setattr(current, "request", request, raising=False)
    asked = {"ticket": ticket, "requested_uri": "/eden/<script>", "request_url": "<script>"}
    shown = failure_page.failure(asked)
    assert shown["ticket"] == "" and "script" not in str(shown) and not shown["writes"]


@pytest.mark.parametrize(
    ("ticket", "status", "code"), [("eden/1.2.3", 500, "internal_error"), ("passing", 503, "store_busy")]
)
def test_a_program_that_reads_a_page_of_data_is_told_what_its_status_says(
    ticket: str, status: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = SimpleNamespace(headers={}, status=200)
    monkeypatch.setattr(current, "response", response, raising=False)
    told = json.loads(
        failure_page.failure({"ticket": ticket, "requested_uri": "/eden/org/office.json?limit=1"})
    )
    assert (response.status, told["statuscode"], told["error"]) == (status, str(status), code)
    assert told["transient"] is (ticket == "passing") and "report passing" not in told["message"]
    assert ("1.2.3" in told["message"]) is (status == 500)


@pytest.mark.parametrize("path", ["../../x", "a/b/../x", "/etc/passwd", "a\\..\\b", "../x"])
def test_the_identifier_of_a_session_leaves_no_folder(path: str) -> None:
    assert re.match(Session.REGEX_SESSION_FILE, "ab/192.0.2.1-1234") is not None
    assert re.match(Session.REGEX_SESSION_FILE, path) is None
