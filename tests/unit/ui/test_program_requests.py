"""Which requests are programs', and where their format stands."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from gluon.globals import Request
from gluon.storage import List

from s3sync.ui.program_requests import basic_credentials, is_interface, normalise, only_asks, prepare


def request(path: str) -> Any:
    """A request as web2py's rewriting leaves it: the format of the function only."""
    controller, function, *args = path.strip("/").split("/")
    function, _, extension = function.partition(".")
    made = Request({})
    made.controller, made.function, made.args = controller, function, List(args)
    made.extension = extension or "html"
    return made


class Session:
    forgotten = False

    def forget(self, response: Any) -> None:
        self.forgotten = True


@pytest.mark.parametrize(
    ("path", "extension", "args"),
    [
        ("/org/organisation.xml", "xml", []),
        ("/org/organisation/1.xml", "xml", ["1"]),
        ("/org/organisation/sync.xml", "xml", ["sync"]),
        ("/sync/repository/register.json", "json", ["register"]),
        ("/org/organisation/1", "html", ["1"]),
        ("/default/download/doc_document.file.ab.cd.xml", "html", ["doc_document.file.ab.cd.xml"]),
        ("/sync/file/doc_document.file.ab.cd.xml", "html", ["doc_document.file.ab.cd.xml"]),
        ("/sync/download/1/2/a.b.c.d.xml", "html", ["1", "2", "a.b.c.d.xml"]),
        ("/org/organisation/x.exe", "html", ["x.exe"]),
    ],
)
def test_the_format_is_found(path: str, extension: str, args: list[str]) -> None:
    made = request(path)
    normalise(made)
    assert (made.extension, list(made.args)) == (extension, args)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/org/organisation.xml", True),
        ("/org/office/3.xml", True),
        ("/sync/sync.xml", True),
        ("/sync/sync", True),
        ("/sync/repository/register.json", True),
        ("/sync/file/a.b.c.txt", True),
        ("/sync/download/1/2/a.b.c.txt", True),
        ("/sync/repository", False),
        ("/sync/repository/3/update", False),
        ("/sync/index", False),
        ("/org/organisation", False),
        ("/default/index", False),
    ],
)
def test_interface_requests(path: str, expected: bool) -> None:
    made, session = request(path), Session()
    prepare(made, None, session)
    assert is_interface(made) is expected
    assert session.forgotten is expected
    assert (made._post_vars is not None) is expected


def basic(credentials: bytes, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(credentials).decode()}"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_letters_beyond_ascii_are_read_in_both_encodings(encoding: str) -> None:
    sent = basic("zoë@example.com:pässwort".encode(encoding))
    assert basic_credentials(sent) == ("zoë@example.com", "pässwort")


def test_a_password_may_have_a_colon() -> None:
    assert basic_credentials(basic(b"a@example.com:b:c", "BASIC")) == ("a@example.com", "b:c")


@pytest.mark.parametrize("said", ["", "Basic", "Basic x", "Bearer abc", basic(b"no separator")])
def test_a_header_that_names_nobody(said: str) -> None:
    assert basic_credentials(said) is None


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/sync/news.json", True),
        ("POST", "/sync/listen.json", True),
        ("GET", "/sync/sync.xml", True),
        ("POST", "/sync/sync.xml", False),
        ("POST", "/sync/pushes.json", False),
        ("PUT", "/sync/repository/register.json", False),
        ("GET", "/sync/index", False),
        ("GET", "/org/organisation.xml", False),
        ("GET", "/default/news", False),
    ],
)
def test_which_requests_only_ask(method: str, path: str, expected: bool) -> None:
    made = request(path)
    made.env.request_method = method
    assert only_asks(made) is expected
