"""Whose request it is."""

from __future__ import annotations

import re

import pytest

from s3sync.web.front.addresses import of_program
from s3sync.wire.protocol.names import FILE_PATH, OFFER_PATH, REGISTER_PATH, STANDING_PATH, SYNC_PATH
from tests.support.places import CHECKOUT


@pytest.mark.parametrize(
    "path",
    [
        "/eden/sync/sync.xml",
        "/eden/sync/sync",
        "//eden//sync/sync.xml",
        "/eden/sync/file/doc_document.file.1.pdf",
        "/eden/sync/offer.json",
        "/eden/sync/standing.json",
        "/eden/sync/news.json",
        "/eden/sync/pushes.json",
        "/eden/sync/repository/register.json",
        "/eden/org/organisation.xml",
        "/eden/org/organisation/1.xml",
    ],
)
def test_the_interface_is_for_programs(path: str) -> None:
    assert of_program(path)


@pytest.mark.parametrize(
    "path", [SYNC_PATH, REGISTER_PATH, f"{FILE_PATH}/doc_document.file.1.pdf", OFFER_PATH, STANDING_PATH]
)
def test_the_proxy_that_is_shipped_takes_nothing_from_strangers_there(path: str) -> None:
    text = (CHECKOUT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    (pattern,) = re.findall(r"location ~ (\S*sync\S*) {", text)
    assert of_program(f"/eden/{path}") and re.search(pattern, f"/eden/{path}")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/eden",
        "/eden/default/user/login",
        "/eden/sync",
        "/eden/sync/index",
        "/eden/sync/repository/1/update",
        "/eden/sync/repository/1/now.json",
        "/eden/sync/archive/offices",
        "/eden/static/sync/data.xml",
        "/eden/org/organisation",
    ],
)
def test_pages_are_for_people(path: str) -> None:
    assert not of_program(path)
