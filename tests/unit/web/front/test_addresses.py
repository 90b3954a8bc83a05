"""Whose request it is."""

from __future__ import annotations

import pytest

from s3sync.web.front.addresses import of_program


@pytest.mark.parametrize(
    "path",
    [
        "/eden/sync/sync.xml",
        "/eden/sync/sync",
        "//eden//sync/sync.xml",
        "/eden/sync/file/doc_document.file.1.pdf",
        "/eden/sync/offer.json",
        "/eden/sync/repository/register.json",
        "/eden/org/organisation.xml",
        "/eden/org/organisation/1.xml",
    ],
)
def test_the_interface_is_for_programs(path: str) -> None:
    assert of_program(path)


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
