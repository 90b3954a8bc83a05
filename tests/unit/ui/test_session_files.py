"""The file of a session is written whole or not at all."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from gluon import current
from gluon.globals import Request, Response, Session

from s3sync.ui import session_files as session_files

Opened = tuple[Session, Request, Response]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Session, "_try_store_in_file", session_files.store)
    (tmp_path / "eden" / "sessions").mkdir(parents=True)
    return tmp_path / "eden"


def opened(place: Path, name: str = "") -> Opened:
    """Begin a request with the session of this name."""
    current.request, current.response, current.session = Request({}), Response(), Session()
    request, response, session = current.request, current.response, current.session
    request.folder, request.application, request.client = str(place) + "/", "eden", "127.0.0.1"
    if name:
        request.cookies["session_id_eden"] = name
    session.connect(request, response)
    response.session = session
    return session, request, response


def stored(place: Path, name: str, **values: Any) -> bool:
    session, request, response = opened(place, name)
    session.update(values)
    return bool(session._try_store_in_file(request, response))


def test_a_session_that_finds_no_room_stays_as_it_was(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session, request, response = opened(place)
    session.user, name = "ann", response.session_id
    assert session._try_store_in_file(request, response)
    (file,) = (each for each in place.rglob("*") if each.is_file())
    before = file.read_bytes()

    def full(handle: int, start: int, length: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        assert not stored(place, name, more="x" * 10_000)
    assert file.read_bytes() == before
    assert stored(place, name, more="x" * 10_000)
    assert pickle.loads(file.read_bytes()).more == "x" * 10_000
    assert opened(place, name)[0].user == "ann"


def test_a_new_session_that_finds_no_room_is_no_error(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session, request, response = opened(place)
    session.user = "ann"
    monkeypatch.setattr(
        "gluon.recfile.open", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    assert not session._try_store_in_file(request, response)
