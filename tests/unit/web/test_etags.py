"""Which versions of a record a condition in a header allows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from gluon.storage import Storage

from s3sync.core.errors import BadRequest
from s3sync.web.etags import if_match, written


def asked(header: str | None) -> Any:
    return if_match(SimpleNamespace(env=Storage({} if header is None else {"http_if_match": header})))


def test_without_a_condition_there_is_none() -> None:
    assert asked(None) is None


@pytest.mark.parametrize("header", [written("abc"), ' "x" , "abc"', '"x","abc",W/"y"', "*", " * "])
def test_a_version_that_is_named_will_do(header: str) -> None:
    assert asked(header).holds("abc")


@pytest.mark.parametrize("header", ['"abc', 'abc"', "abc", "", ",", '"a" "abc"', '"abc";', "*, *"])
def test_what_cannot_be_read_is_refused(header: str) -> None:
    with pytest.raises(BadRequest):
        asked(header)


@pytest.mark.parametrize("header", ['"x"', 'W/"abc"', '"ab,c"', '""'])
def test_another_version_will_not(header: str) -> None:
    assert not asked(header).holds("abc")


@pytest.mark.parametrize("header", ['"abc"', "*"])
def test_a_record_that_is_gone_is_no_version(header: str) -> None:
    assert not asked(header).holds(None)
