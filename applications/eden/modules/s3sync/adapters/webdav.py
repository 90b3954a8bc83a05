"""Repositories behind a WebDAV server, such as a Nextcloud."""

from __future__ import annotations

from typing import ClassVar

from ..transport.places.webdav import WebDavFolder
from ._by_files.at_server import PASSWORD, PROXY, USERNAME, AtServer, FilesAtServer, Place, SiteAtServer
from ._by_files.carried import PASSPHRASE
from ._by_files.documents import FORMAT, OWN_FORMAT
from .base import T
from .settings import Kind, Setting

SETTINGS = (
    Setting(
        "url",
        T("Address (URL)"),
        T(
            "Address of the folder. At a Nextcloud: https://cloud.example.org/remote.php/dav/files/ACCOUNT/FOLDER, "
            "with an app password of that account."
        ),
        Kind.ADDRESS,
        required=True,
    ),
    USERNAME,
    PASSWORD,
    PROXY,
)


class WebDavServer(AtServer):
    """Reaches a WebDAV server."""

    def open_place(self) -> Place:
        """See ``AtServer``."""
        line = self.lines.http(
            self.entered("url"),
            username=self.entered("username"),
            password=self.entered("password"),
            proxy=self.entered("proxy"),
        )
        return WebDavFolder(line, self.spool)


class WebDavSiteAdapter(WebDavServer, SiteAtServer):
    """Another site of ours, at the other end of a WebDAV server."""

    apitype: ClassVar[str] = "webdav_site"
    label: ClassVar[str] = T("Another site, by Nextcloud or WebDAV")
    settings: ClassVar[tuple[Setting, ...]] = (*SETTINGS, PASSPHRASE)


class WebDavFilesAdapter(WebDavServer, FilesAtServer):
    """Documents at a WebDAV server."""

    apitype: ClassVar[str] = "webdav_files"
    label: ClassVar[str] = T("Files at a Nextcloud or WebDAV")
    settings: ClassVar[tuple[Setting, ...]] = (*SETTINGS, FORMAT, OWN_FORMAT)
