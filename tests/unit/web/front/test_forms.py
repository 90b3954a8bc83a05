"""Forms are counted before web2py parses them."""

from __future__ import annotations

import io

import pytest

from s3sync.web.front.answers import Refused
from s3sync.web.front.forms import as_form, check_form
from s3sync.web.front.limits import MOST_FIELDS, PART_HEADERS

URLENCODED = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b0"


def parts(*each: bytes) -> bytes:
    return b"".join(b"--b0\r\n" + one + b"\r\n" for one in each) + b"--b0--\r\n"


def part(name: str, value: bytes) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value


def refused(body: bytes, content_type: str) -> int:
    with pytest.raises(Refused) as found:
        check_form(io.BytesIO(body), content_type)
    return found.value.status


@pytest.mark.parametrize("content_type", ["", URLENCODED, f"{URLENCODED.upper()}; charset=utf-8"])
def test_the_fields_of_a_form_are_bounded(content_type: str) -> None:
    most = "&".join(f"a{number}=1" for number in range(MOST_FIELDS)).encode()
    body = io.BytesIO(most)
    check_form(body, content_type)
    assert body.tell() == 0
    assert refused(most + b"&more=1", content_type) == 413


def test_the_parts_of_a_form_are_bounded() -> None:
    most = [part(f"a{number}", b"1") for number in range(MOST_FIELDS)]
    body = io.BytesIO(parts(*most))
    check_form(body, PARTS)
    assert body.tell() == 0
    assert refused(parts(*most, part("more", b"1")), PARTS) == 413


def test_what_only_looks_like_a_separator_is_no_part() -> None:
    check_form(io.BytesIO(parts(part("text", b" --b0" * MOST_FIELDS * 2))), PARTS)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (parts(b"Content-Type: multipart/mixed; boundary=b1\r\n\r\n--b1"), PARTS),
        (parts(b"Content-Type:\r\n MULTIPART/mixed; boundary=b1\r\n\r\n--b1"), PARTS),
        (b"", "multipart/form-data"),
        (b"", "multipart/form-data; boundary=a; boundary=b"),
    ],
)
def test_a_form_that_can_be_read_in_two_ways_is_refused(body: bytes, content_type: str) -> None:
    assert refused(body, content_type) == 400


def test_the_headers_of_a_part_are_bounded() -> None:
    assert refused(parts(b"X: " + b"x" * PART_HEADERS + b"\r\n\r\n"), PARTS) == 413
    assert refused(parts(b"X: x\r\n" * PART_HEADERS + b"\r\n"), PARTS) == 413


@pytest.mark.parametrize(
    ("content_type", "known"),
    [
        ("", URLENCODED),
        (f"{URLENCODED.title()} ; charset=UTF-8", f"{URLENCODED}; charset=UTF-8"),
        ("Multipart/Form-Data; boundary=bO", "multipart/form-data; boundary=bO"),
        ("application/json", "application/json"),
    ],
)
def test_a_form_is_named_as_the_parser_knows_it(content_type: str, known: str) -> None:
    assert as_form(content_type) == known


@pytest.mark.parametrize(
    "content_type", ["text/plain;charset=UTF-8", "text/xml", "application/octet-stream", "x"]
)
def test_what_is_no_form_is_refused(content_type: str) -> None:
    with pytest.raises(Refused) as found:
        as_form(content_type)
    assert found.value.status == 415


def test_a_body_that_is_no_form_is_left_alone() -> None:
    check_form(io.BytesIO(b"&" * 100_000), "text/plain")
    check_form(io.BytesIO(b"&" * 100_000), "application/json")


@pytest.mark.parametrize(
    "separator", ["----WebKitFormBoundaryyEmKNDsBKjB7QEqu", "----geckoformboundary5f1c", "b0"]
)
def test_the_separators_of_browsers_are_taken(separator: str) -> None:
    body = f'--{separator}\r\nContent-Disposition: form-data; name="e"\r\n\r\na\r\n--{separator}--\r\n'
    stream = io.BytesIO(body.encode())
    check_form(stream, f"multipart/form-data; boundary={separator}")
    assert stream.tell() == 0
