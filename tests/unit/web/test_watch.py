"""Who may see the figures of a site, and what is told of its health."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gluon import HTTP
from gluon.storage import Storage

from s3sync.monitoring.health import Health
from s3sync.web import watch as watch

KEY = "a-key-of-twenty-signs"
HERE = {"remote_addr": "127.0.0.1", "http_host": "127.0.0.1:8000"}


def asked(method: str = "GET", **env: str) -> Any:
    return Storage(env=Storage({"request_method": method, **env}))


@pytest.mark.parametrize(
    "env",
    [
        HERE,
        {"remote_addr": "::1", "http_host": "[::1]:8000"},
        {"remote_addr": "::ffff:127.0.0.1", "http_host": "localhost"},
        {"remote_addr": "192.0.2.1", "http_host": "eden.example.org", "http_authorization": f"Bearer {KEY}"},
        {"remote_addr": "192.0.2.1", "http_authorization": f"bearer  {KEY} "},
    ],
)
def test_this_machine_and_who_has_the_key_see_them(env: dict[str, str]) -> None:
    assert watch.may_see(asked(**env), KEY, True)


def test_inside_an_eden_the_key_alone_counts() -> None:
    assert not watch.may_see(asked(**HERE), KEY, False)
    assert watch.may_see(asked(**{**HERE, "http_authorization": f"Bearer {KEY}"}), KEY, False)


@pytest.mark.parametrize(
    "env",
    [
        {"remote_addr": "192.0.2.1", "http_host": "127.0.0.1:8000"},
        {**HERE, "http_x_forwarded_for": "192.0.2.1"},
        {**HERE, "http_forwarded": "for=192.0.2.1"},
        {**HERE, "http_x_real_ip": "192.0.2.1"},
        {**HERE, "http_host": "eden.example.org"},
        {**HERE, "http_host": "127.0.0.1.example.org"},
        {"remote_addr": "", "http_host": ""},
        {},
        {"remote_addr": "192.0.2.1", "http_authorization": f"Bearer {KEY}x"},
        {"remote_addr": "192.0.2.1", "http_authorization": f"Basic {KEY}"},
        {"remote_addr": "192.0.2.1", "http_authorization": "Bearer "},
        {"remote_addr": "192.0.2.1", "http_authorization": "Bearer ü"},
    ],
)
def test_nobody_else_does(env: dict[str, str]) -> None:
    assert not watch.may_see(asked(**env), KEY, True)
    assert not watch.may_see(asked(**{"http_authorization": "Bearer None", **env}), None, True)


@pytest.mark.parametrize(
    ("found", "status"), [(Health(1, None), 200), (Health(2, 86400), 200), (Health(0, None), 503)]
)
def test_a_site_without_a_worker_is_not_well(
    found: Health, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "health", lambda site: found)
    response: Any = Storage(headers={})
    told = json.loads(watch.health_request(asked(), response, None))  # type: ignore[arg-type]
    assert response.status == status and told["workers"] == found.workers
    assert set(told) == {"alive", "database", "workers", "oldest_waiting_seconds"}


def test_nothing_is_written_there() -> None:
    for function in (watch.health_request, watch.metrics_request):
        with pytest.raises(HTTP) as refused:
            function(asked("POST"), Storage(headers={}), None)  # type: ignore[arg-type]
        assert refused.value.status == 405
