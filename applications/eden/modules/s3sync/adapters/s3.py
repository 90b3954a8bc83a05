"""Repositories in a bucket of a server that speaks S3."""

from __future__ import annotations

from typing import ClassVar

from ..transport.places.s3 import S3Folder, is_installed
from ._by_files.at_server import PROXY, AtServer, FilesAtServer, Place, SiteAtServer
from ._by_files.carried import PASSPHRASE
from ._by_files.documents import FORMAT, OWN_FORMAT
from .base import T
from .settings import Kind, Setting

REQUIREMENTS = "requirements-s3.txt"
SETTINGS = (
    Setting(
        "url",
        T("Address (URL)"),
        T(
            "Address of the server, a slash, the name of the bucket, and where wanted a folder in it, for example "
            "https://s3.eu-central-1.amazonaws.com/BUCKET/FOLDER"
        ),
        Kind.ADDRESS,
        required=True,
    ),
    Setting("username", T("Access key"), T("Its identifier, as the server gives it"), required=True),
    Setting(
        "password",
        T("Secret key"),
        T("The secret that belongs to the access key. It is stored encrypted."),
        Kind.SECRET,
    ),
    Setting(
        "region",
        T("Region"),
        T("Region of the bucket. Empty for us-east-1, and for most servers of one's own."),
    ),
    PROXY,
)


class S3Server(AtServer):
    """Reaches a server that speaks S3."""

    @classmethod
    def lacks(cls) -> str:
        """See ``Adapter``."""
        return "" if is_installed() else REQUIREMENTS

    def open_place(self) -> Place:
        """See ``AtServer``."""
        line = self.lines.http(self.entered("url"), proxy=self.entered("proxy"))
        return S3Folder(
            line, self.entered("username"), self.entered("password"), self.entered("region"), self.spool
        )


class S3SiteAdapter(S3Server, SiteAtServer):
    """Another site of ours, at the other end of a bucket."""

    apitype: ClassVar[str] = "s3_site"
    label: ClassVar[str] = T("Another site, by S3")
    settings: ClassVar[tuple[Setting, ...]] = (*SETTINGS, PASSPHRASE)


class S3FilesAdapter(S3Server, FilesAtServer):
    """Documents in a bucket."""

    apitype: ClassVar[str] = "s3_files"
    label: ClassVar[str] = T("Files in S3")
    settings: ClassVar[tuple[Setting, ...]] = (*SETTINGS, FORMAT, OWN_FORMAT)
