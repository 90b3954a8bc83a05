"""Two sites exchange by a server with files, as the worker does it; lines that break lose and repeat nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.adapters import adapter_type
from s3sync.adapters.settings import columns
from s3sync.core.errors import SyncError
from s3sync.exchange.run.failures import RunFailed
from s3sync.monitoring.status import statuses
from s3sync.wire.carried.sealing import is_sealed
from tests.support.carried import ORG, Carried, cheap_keys
from tests.support.file_servers import PASSWORD, USER, FileServer
from tests.support.file_servers.s3 import KEY, REGION, SECRET, S3Server
from tests.support.site import SampleSite

ftp = pytest.importorskip("tests.support.file_servers.ftp", reason="requirements-dev.txt is not installed")
sftp = pytest.importorskip("tests.support.file_servers.sftp", reason="requirements-dev.txt is not installed")
dav = pytest.importorskip("tests.support.file_servers.dav", reason="requirements-dev.txt is not installed")
pytest.importorskip("requests_aws4auth", reason="requirements-dev.txt is not installed")


class AtServer(Carried):
    """Sites that reach the same folder at a server, and nothing else of each other."""

    server: Any
    apitype: str

    def place(self, site: SampleSite) -> dict[str, Any]:
        """See ``Carried``."""
        entered = {"url": self.server.url, "username": USER, "password": PASSWORD}
        if isinstance(self.server, S3Server):
            entered = {"url": self.server.url, "username": KEY, "password": SECRET, "region": REGION}
        if hasattr(self.server, "shown"):
            entered["host_key"] = self.server.shown
        secret = {each.name for each in adapter_type(self.apitype).settings if each.secret}
        sealed = {name: site.vault.seal(text) if name in secret else text for name, text in entered.items()}
        return {"apitype": self.apitype, "settings": {}, **columns({}, sealed)}

    def agree(self, site: SampleSite, key: int, passphrase: str) -> None:
        """See ``Carried``: what else is entered stays."""
        row = site.db.sync_repository(key)
        own = dict((row.settings or {}).get("adapter") or {})
        own["passphrase"] = site.vault.seal(passphrase) or ""
        site.db(site.db.sync_repository.id == key).update(**columns(row.settings, own))
        site.db.commit()


SERVERS: dict[str, Any] = {
    "sftp_site": lambda root: sftp.SftpServer(root),
    "ftp_site": lambda root: ftp.FtpServer(root, mlsd=False),
    "webdav_site": lambda root: dav.DavServer(root),
    "s3_site": S3Server,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtServer]:
    with cheap_keys():
        yield AtServer(tmp_path_factory.mktemp("servers"), "ab", passphrase="a passphrase of the tests")


@pytest.fixture(params=sorted(SERVERS))
def pair(made: AtServer, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AtServer]:
    made.apitype, made.server = request.param, SERVERS[request.param](tmp_path)
    made.begin("ab")
    made.meet()
    yield made
    made.server.stop()


def test_sites_exchange_and_a_line_that_breaks_loses_and_repeats_nothing(pair: AtServer) -> None:
    server: FileServer = pair.server
    pair.add("a", "one", "two", "three", "four")
    pair.add("b", "five")
    pair.run("abab")
    assert pair.state("a") == pair.state("b") and len(pair.state("a")) == 5
    clear = [name for name in server.names() if not is_sealed(_content(server, name))]
    assert {name.rpartition("/")[2] for name in clear} == {"site.json"}
    pair.change("b", "one", name="Changed at b")
    pair.add("a", *(f"more{number}" for number in range(30)))
    server.cut = 100
    for name in "ab":
        with pytest.raises((SyncError, RunFailed)) as caught:
            pair.run(name)
        assert str(caught.value)
    server.cut = None
    pair.run("abab")
    assert pair.state("a") == pair.state("b")
    assert len(pair.state("b")) == 35 and pair.state("a")["one"] == "Changed at b"
    assert pair.received("b") == {"created": 34, "updated": 0, "unchanged": 0}
    left = [name for name in server.names() if ".part" in name or name.endswith(".old")]
    assert left == [], "nothing half is left"
    (status,) = statuses(pair.sites["a"])
    assert status.where == server.url


def _content(server: FileServer, name: str) -> bytes:
    if isinstance(server, S3Server):
        return server.objects[f"exchange/{name}"]
    return (server.root / name).read_bytes()


def test_a_server_with_another_key_ends_the_run_and_gets_nothing(made: AtServer, tmp_path: Path) -> None:
    made.apitype, made.server = "sftp_site", sftp.SftpServer(tmp_path)
    made.begin("ab")
    made.meet()
    made.add("a", "one")
    made.server.key = type(made.server.key).generate()
    asked, before = made.server.asked, made.server.names()
    with pytest.raises(SyncError, match="another key than the confirmed one") as caught:
        made.run("a")
    assert not caught.value.transient and (made.server.asked, made.server.names()) == (asked, before)
    made.server.stop()
    assert ORG in made.sites["a"].db.tables
