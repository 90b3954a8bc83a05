"""The site's configuration file, ``private/appconfig.ini``: written at the first start, changed in place.

The format is that of web2py's AppConfig. A change keeps comments and everything else that somebody wrote.
"""

from __future__ import annotations

import argparse
import configparser
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from .places import APPLICATION, configuration_file

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
DEFAULT_DATABASE = "sqlite://storage.sqlite"
DEFAULT_NAME = "Eden"

#: A path that may stand before the application's: the same as modules/s3sync/web/front/prefix.py takes off.
_PREFIX = re.compile(r"(?:/[\w.~-]+)+", re.ASCII)

TEMPLATE = """\
; The configuration of this site. ./run wrote it on the first start and changes it only when it is started
; with other options. Restart the site after a change.

[site]
name = {name}
; The address at which other sites and browsers reach this one.
public_url = {public_url}

[web]
host = {host}
port = {port}

[db]
; sqlite://storage.sqlite, postgres://user:password@host/database or mysql://user:password@host/database
uri = {database}
pool_size = 10

[sync]
"""


@dataclass(frozen=True)
class SiteConfiguration:
    """What the launcher knows of a site.

    Attributes:
        host: the address that the web server listens on.
        port: its TCP port.
        database: the database, as a pydal URI.
        name: the site's name, as its pages show it.
        public_url: the address at which others reach the site, without the application's path.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    database: str = DEFAULT_DATABASE
    name: str = DEFAULT_NAME
    public_url: str = f"http://{DEFAULT_HOST}:{DEFAULT_PORT}"

    @property
    def local_url(self) -> str:
        """The address of the site on this machine."""
        return web_address(self.host, self.port)


@dataclass(frozen=True)
class Wishes:
    """What the options of ``./run`` ask for; None keeps what the site has."""

    host: str | None = None
    port: int | None = None
    database: str | None = None
    name: str | None = None
    public_url: str | None = None


def public_address(text: str) -> str:
    """Return an address that others may use; a path below which a proxy has the site is part of it.

    Raises:
        argparse.ArgumentTypeError: it cannot be one.
    """
    parts = urlsplit(text)
    path = parts.path.rstrip("/")
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise argparse.ArgumentTypeError(f"{text} is no address that begins with http:// or https://")
    if path and (path.split("/")[1] == APPLICATION or not _PREFIX.fullmatch(path)):
        raise argparse.ArgumentTypeError(
            f"{path} is no path below which a proxy can have this site: write it without /{APPLICATION}, "
            "in letters, digits and . _ ~ -"
        )
    return f"{parts.scheme}://{parts.netloc}{path}"


def web_address(host: str, port: int) -> str:
    if host in ("0.0.0.0", ""):
        host = DEFAULT_HOST
    elif host == "::":
        host = "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def read_configuration(home: Path) -> SiteConfiguration | None:
    """Return the configuration of an instance folder, None if it has none yet."""
    parser = configparser.ConfigParser(interpolation=None)
    if not parser.read(configuration_file(home), encoding="utf-8"):
        return None
    host = parser.get("web", "host", fallback=DEFAULT_HOST)
    port = parser.getint("web", "port", fallback=DEFAULT_PORT)
    return SiteConfiguration(
        host=host,
        port=port,
        database=parser.get("db", "uri", fallback=DEFAULT_DATABASE),
        name=parser.get("site", "name", fallback=DEFAULT_NAME),
        public_url=parser.get("site", "public_url", fallback="") or web_address(host, port),
    )


def wanted_configuration(known: SiteConfiguration | None, wishes: Wishes) -> SiteConfiguration:
    """Return the wanted configuration: the wishes, else what the site has, else the defaults."""
    current = known or SiteConfiguration()
    host = wishes.host or current.host
    port = wishes.port or current.port
    public_url = wishes.public_url
    if public_url is None:
        # A public URL that was derived from host and port follows them.
        followed = current.public_url == current.local_url
        public_url = web_address(host, port) if followed else current.public_url
    return SiteConfiguration(
        host=host,
        port=port,
        database=wishes.database or current.database,
        name=wishes.name or current.name,
        public_url=public_url.rstrip("/"),
    )


def write_configuration(home: Path, wanted: SiteConfiguration) -> bool:
    """Write the values that differ; return whether any did."""
    path = configuration_file(home)
    values = {
        ("site", "name"): wanted.name,
        ("site", "public_url"): wanted.public_url,
        ("web", "host"): wanted.host,
        ("web", "port"): str(wanted.port),
        ("db", "uri"): wanted.database,
    }
    if path.exists():
        known = path.read_text(encoding="utf-8")
        text = known
        for (section, option), value in values.items():
            text = with_value(text, section, option, value)
        if text == known:
            return False
    else:
        text = TEMPLATE.format(
            name=wanted.name,
            public_url=wanted.public_url,
            host=wanted.host,
            port=wanted.port,
            database=wanted.database,
        )
    write_privately(path, text)
    return True


class FormerConfiguration:
    """The configuration file before a start, to put it back where the start fails.

    Args:
        home: the instance folder.
    """

    def __init__(self, home: Path) -> None:
        self._path = configuration_file(home)
        self._text = self._path.read_text(encoding="utf-8") if self._path.is_file() else None

    def put_back(self) -> None:
        """Put the file back as it was: the next start must not fail for the same options."""
        if self._text is not None:
            write_privately(self._path, self._text)
        elif self._path.parent.is_dir():
            self._path.unlink(missing_ok=True)


def without_password(uri: str) -> str:
    """Return the address of a database as it may be shown."""
    return re.sub(r"(://[^:/@]+):[^@]*@", r"\1:...@", uri)


def with_value(text: str, section: str, option: str, value: str) -> str:
    """Return the text of an INI file with one option set; all other lines stay the same."""
    lines = text.splitlines()
    inside = False
    end_of_section = None
    for number, line in enumerate(lines):
        header = re.match(r"\s*\[(.+)\]\s*$", line)
        if header:
            inside = header.group(1) == section
        elif inside and re.match(rf"\s*{re.escape(option)}\s*[=:]", line, re.IGNORECASE):
            known = re.split(r"[=:]", line, maxsplit=1)[1].strip()
            if known != value:
                lines[number] = f"{option} = {value}"
            return "\n".join(lines) + "\n"
        if inside and line.strip():
            end_of_section = number + 1
    if end_of_section is None:
        lines += ["", f"[{section}]", f"{option} = {value}"]
    else:
        lines.insert(end_of_section, f"{option} = {value}")
    return "\n".join(lines) + "\n"


def write_privately(path: Path, text: str) -> None:
    """Replace a file atomically. Only its owner may read it: it may contain a database password."""
    fresh = beside(path)
    try:
        with open(
            os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as handle:
            handle.write(text)
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def beside(path: Path) -> Path:
    """Return the path of a new file in the same folder, which no other process uses."""
    return path.with_name(f".{path.name}.{uuid4().hex}")
