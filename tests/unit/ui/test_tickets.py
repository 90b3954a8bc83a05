"""Error reports of web2py hold no secrets, and are for their owner only."""

from __future__ import annotations

import base64
import pickle
import stat
from pathlib import Path
from typing import Any

import gluon.restricted
import pytest
from gluon.restricted import RestrictedError, restricted
from gluon.storage import Storage

from s3sync.ui import tickets as tickets
from s3sync.ui.passing import PASSING

PASSWORD = 'd0 not "tell" ü/+'
COOKIE = "192.0.2.1-12345678-abcd"


@pytest.fixture(autouse=True)
def _without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gluon.restricted, "snapshot", gluon.restricted.snapshot)
    monkeypatch.setattr(RestrictedError, "log", RestrictedError.log)
    tickets.hide_secrets(lambda request, error: isinstance(error, BlockingIOError))


def failed(folder: Path) -> tuple[Path, Any]:
    """Let a request with secrets everywhere fail; return the ticket and its content."""
    (folder / "errors").mkdir()
    basic = base64.b64encode(f"ann@example.org:{PASSWORD}".encode()).decode()
    env = Storage(
        request_method="POST",
        path_info="/eden/default/user",
        query_string="token=dont-tell-this&page=2",
        http_authorization=f"Basic {basic}",
        http_cookie=f"session_id_eden={COOKIE}; other=1",
    )
    request = Storage(
        env=env,
        folder=str(folder),
        application="eden",
        uuid="eden/192.0.2.1.ticket",
        tickets_db=None,
        _post_vars=Storage(password=PASSWORD, new_password2=[PASSWORD], email="ann@example.org"),
    )
    session = Storage(hmac_key="hidden-in-session")

    def deep(header: str, number: int) -> None:
        if number:
            return deep(header, number - 1)
        raise ValueError(f"cannot use {PASSWORD!r} of {header} with {COOKIE}")

    try:
        deep(env.http_authorization, 3)
    except ValueError:
        error = RestrictedError("controller", "code", "output", {"request": request, "session": session})
    assert error.log(request) == request.uuid
    path = folder / "errors" / "192.0.2.1.ticket"
    return path, pickle.loads(path.read_bytes())


def test_no_secret_of_the_request_is_in_a_ticket(tmp_path: Path) -> None:
    path, ticket = failed(tmp_path)
    text = repr(ticket) + path.read_bytes().decode("utf-8", "replace")
    basic = base64.b64encode(f"ann@example.org:{PASSWORD}".encode()).decode()
    for secret in (
        PASSWORD,
        repr(PASSWORD)[1:-1],
        "tell",
        basic,
        COOKIE,
        "dont-tell-this",
        "hidden-in-session",
    ):
        assert secret not in text
    assert "page=2" in text


def test_a_ticket_still_says_where_and_why(tmp_path: Path) -> None:
    _, ticket = failed(tmp_path)
    assert "ValueError" in ticket["traceback"] and ticket["snapshot"]["etype"] == str(ValueError)
    assert [each["func"] for each in ticket["snapshot"]["frames"]][-4:] == ["deep"] * 4
    assert all(not each["dump"] for each in ticket["snapshot"]["frames"])


def test_a_ticket_is_for_its_owner_only(tmp_path: Path) -> None:
    path, _ = failed(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_failure_in_endless_depth_is_written_down_at_once() -> None:
    def endless() -> None:
        endless()

    try:
        endless()
    except RecursionError:
        found = tickets.snapshot(environment={})
    assert len(found["frames"]) <= tickets.MOST_FRAMES


@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize("is_wrapped", [True, False])
def test_what_passes_by_itself_leaves_no_ticket_where_it_is_told_otherwise(
    is_told: bool, is_wrapped: bool, tmp_path: Path
) -> None:
    (tmp_path / "errors").mkdir()
    request = Storage(
        env=Storage(eden_tells_passing=is_told or None),
        folder=str(tmp_path),
        application="eden",
        uuid="eden/192.0.2.1.ticket",
    )
    code = "raise BlockingIOError"
    try:
        # web2py wraps what fails in models, controllers and views, but not what fails at the end of a transaction.
        restricted(code, {}) if is_wrapped else exec(code)
    except RestrictedError as error:
        name = error.log(request)
    except BlockingIOError:
        name = RestrictedError("Framework", "", "", {}).log(request)
    assert name == (PASSING if is_told else request.uuid)
    assert len(list((tmp_path / "errors").iterdir())) == (not is_told)
