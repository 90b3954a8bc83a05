"""What a monitoring system asks: whether this site does well (``/health``), and its figures (``/metrics``)."""

from __future__ import annotations

import hmac
import ipaddress
import json
import re
from typing import Any

from gluon import HTTP

from ..monitoring.figures import figures
from ..monitoring.health import health
from ..site import Site
from ..wire.exposition import CONTENT_TYPE, exposition

#: What a proxy adds to a request: it comes from elsewhere then, whatever the address of the connection.
_FORWARDED = ("http_x_forwarded_for", "http_forwarded", "http_x_real_ip", "http_x_forwarded_host", "http_via")
_NAME = re.compile(r"^(?:\[([^\]]*)\]|([^:]*))(?::[0-9]+)?$")


def health_request(request: Any, response: Any, site: Site) -> str:
    """Answer whether this site does well: 200 if the database answers and a worker lives, else 503."""
    _only_get(request)
    found = health(site)
    response.status = 200 if found.workers else 503
    return _json(
        response,
        {
            "alive": True,
            "database": True,
            "workers": found.workers,
            "oldest_waiting_seconds": found.oldest_waiting,
        },
    )


def metrics_request(request: Any, response: Any, site: Site) -> str:
    """Answer with the figures of this site, in Prometheus' text format.

    Raises:
        HTTP: 403 for who has no key and does not ask on this machine.
    """
    _only_get(request)
    if not may_see(request, site.host.settings.get_sync_metrics_key(), site.host.trusts_this_machine):
        raise HTTP(403, "This needs the key of [sync] metrics_key.\n", **{"Content-Type": "text/plain"})
    response.headers["Content-Type"] = CONTENT_TYPE
    response.headers["Cache-Control"] = "no-store"
    return exposition(figures(site))


def may_see(request: Any, key: str | None, trusts_this_machine: bool) -> bool:
    """Return whether a request has the key, or comes from this machine and through no proxy.

    Args:
        request: web2py's request.
        key: the key, None if there is none.
        trusts_this_machine: whether the latter is enough.
    """
    kind, _, given = str(request.env.http_authorization or "").partition(" ")
    if key and kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), key.encode()):
        return True
    if not trusts_this_machine or any(request.env[name] for name in _FORWARDED):
        return False
    # A page in a browser on this machine may lead here under the name of another site.
    return _is_loopback(str(request.env.remote_addr or "")) and _is_loopback(_host(request))


def _host(request: Any) -> str:
    found = _NAME.match(str(request.env.http_host or ""))
    return (found.group(1) or found.group(2)) if found else ""


def _is_loopback(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def _only_get(request: Any) -> None:
    if request.env.request_method not in ("GET", "HEAD"):
        raise HTTP(405, "Only GET.\n", **{"Content-Type": "text/plain", "Allow": "GET, HEAD"})


def _json(response: Any, body: dict[str, Any]) -> str:
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    response.headers["Cache-Control"] = "no-store"
    return json.dumps(body)
