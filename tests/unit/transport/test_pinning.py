"""A certificate that is vouched for by its fingerprint: that one and no other, before anything is sent."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from s3sync.core.clock import SystemClock
from s3sync.core.errors import TlsFailed
from s3sync.core.messages import Sentence
from s3sync.exchange.line import Line
from s3sync.transport.client import Transport
from s3sync.transport.pinning import (
    PinnedAdapter,
    Presented,
    is_fingerprint,
    normal,
    presented,
    readable,
)
from tests.support.peer import FakePeer, as_json
from tests.support.tls import Certificate, TlsFront, self_signed, tls_front

DIGITS = "0123456789abcdef" * 4


@pytest.fixture
def own(tmp_path: Path) -> Certificate:
    return self_signed(tmp_path / "own.pem")


@pytest.fixture
def peer() -> Iterator[FakePeer]:
    with FakePeer(lambda asked: as_json({"status": "success"})) as found:
        yield found


@pytest.fixture
def front(peer: FakePeer, own: Certificate) -> Iterator[TlsFront]:
    with tls_front(urlsplit(peer.root).port or 0, own) as found:
        yield found


def line(front: TlsFront, certificate: str | None, **options: object) -> Transport:
    return Transport(
        f"{front.root}/eden",
        clock=SystemClock(),
        username="a",
        password="b",
        certificate=certificate,
        **options,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        (DIGITS, True),
        (DIGITS.upper(), True),
        (readable(DIGITS), True),
        (f" {DIGITS} ", True),
        (DIGITS[:-1], False),
        (DIGITS[:40], False),
        (f"g{DIGITS[1:]}", False),
        ("", False),
    ],
)
def test_a_fingerprint_is_one_however_it_is_written(text: str, valid: bool) -> None:
    assert is_fingerprint(text) is valid
    if valid:
        assert normal(text) == DIGITS


def test_it_is_shown_as_browsers_show_it() -> None:
    assert readable("ab" * 32) == ":".join(["AB"] * 32) and readable("") == ""


def test_the_one_that_is_vouched_for_is_accepted(front: TlsFront, peer: FakePeer, own: Certificate) -> None:
    for written in (own.fingerprint, readable(own.fingerprint)):
        with line(front, written) as transport:
            assert transport.get(f"{front.root}/eden/x").status == 200
            assert transport.get(f"{front.root}/eden/x").status == 200
    assert len(peer.asked) == 4 and peer.asked[0].headers["Authorization"]


def test_another_one_is_refused_before_anything_is_sent(
    front: TlsFront, peer: FakePeer, own: Certificate, tmp_path: Path
) -> None:
    front.present(self_signed(tmp_path / "other.pem"))
    with line(front, own.fingerprint) as transport, pytest.raises(TlsFailed) as caught:
        transport.get(f"{front.root}/eden/x")
    assert caught.value.said.code == Sentence.CERTIFICATE_CHANGED.code
    assert "new certificate" in caught.value.hint and "fingerprint" in caught.value.hint
    assert not caught.value.transient and peer.asked == [] and front.passed == 0


def test_a_trusted_one_is_refused_too_where_another_one_is_vouched_for(
    front: TlsFront, own: Certificate
) -> None:
    with line(front, DIGITS, verify=str(own.file)) as transport, pytest.raises(TlsFailed) as caught:
        transport.get(f"{front.root}/eden/x")
    assert caught.value.said.code == Sentence.CERTIFICATE_CHANGED.code


def test_without_a_fingerprint_an_authority_decides(front: TlsFront, own: Certificate) -> None:
    with line(front, None) as transport, pytest.raises(TlsFailed) as caught:
        transport.get(f"{front.root}/eden/x")
    assert caught.value.said.code == Sentence.CERTIFICATE_NOT_VERIFIED.code
    with line(front, None, verify=str(own.file)) as transport:
        assert transport.get(f"{front.root}/eden/x").status == 200


def test_a_port_without_tls_is_told_as_such(peer: FakePeer) -> None:
    address = peer.root.replace("http:", "https:")
    with Transport(f"{address}/eden", clock=SystemClock(), certificate=DIGITS) as transport:
        with pytest.raises(Exception) as caught:
            transport.get(f"{address}/eden/x")
    assert caught.value.said.code == Sentence.SPEAKS_OTHERWISE.code


def test_what_goes_through_a_proxy_is_checked_as_well() -> None:
    manager = PinnedAdapter(readable(DIGITS), Line()).proxy_manager_for("http://127.0.0.1:3128")
    assert manager.connection_pool_kw["assert_fingerprint"] == DIGITS


def test_a_certificate_is_looked_at_and_whether_an_authority_vouches_for_it(
    front: TlsFront, peer: FakePeer, own: Certificate
) -> None:
    assert presented(f"{front.root}/eden") == Presented(own.fingerprint, False)
    assert presented(f"{front.root}/eden", str(own.file)) == Presented(own.fingerprint, True)
    assert presented(f"{peer.root}/eden") is None, "there is none without TLS"
    assert presented("https://127.0.0.1:9/eden") is None
    assert presented(peer.root.replace("http:", "https:")) is None


def test_an_https_proxy_is_verified_although_no_authority_vouches_for_the_other_site() -> None:
    manager = PinnedAdapter(DIGITS, Line()).proxy_manager_for("https://proxy.example.org:3128")
    assert manager.proxy_config.ssl_context.verify_mode is ssl.CERT_REQUIRED
    assert manager.proxy_config.ssl_context.check_hostname
    assert manager.connection_pool_kw["assert_fingerprint"] == DIGITS
