"""`deployment_settings`: what a site decides about itself.

Defaults are documented at each getter. A site overrides them in its `private/appconfig.ini`, or in
`models/000_config.py` through `settings.set(section, key, value)`. What an administrator decided on the settings page
outranks both, for the settings in `DECIDABLE`.
"""

from __future__ import annotations

import configparser
import copy
import os
from collections import OrderedDict
from collections.abc import Mapping, Set
from typing import Any, Callable

from s3sync import limits

from .errors import SettingsError

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
#: What the settings page may decide, too (s3sync.preferences keeps it).
DECIDABLE = frozenset(
    [("site", "public_url")]
    + [
        ("sync", key)
        for key in (
            "page_size",
            "max_document_mb",
            "max_upload_mb",
            "connect_timeout",
            "read_timeout",
            "retries",
            "log_days",
            "notify_to",
            "notify_after",
        )
    ]
)
Decisions = Mapping[tuple[str, str], Any]
_files: dict[str, tuple[float, dict[str, dict[str, str]]]] = {}


def read_ini(path: str) -> dict[str, dict[str, str]]:
    """Sections and keys of an INI file; empty if there is none. Read again only after it changed.

    Raises:
        SettingsError: if the file is there but cannot be read.
    """
    try:
        modified = os.stat(path).st_mtime
    except FileNotFoundError:
        return {}
    known = _files.get(path)
    if known is None or known[0] != modified:
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} cannot be read: {error}. Correct the file.") from error
        known = (modified, {name: dict(parser.items(name)) for name in parser.sections()})
        _files[path] = known
    return known[1]


class S3Settings:
    """Settings of one site.

    Args:
        folder: the application's folder (where `private/` and `databases/` are); None for defaults only.

    Attributes:
        modules: module name -> Storage(name_nice, description, restricted, access, module_type). A module
            that is not listed does not exist: no controller, no tables, no menu entry.
    """

    def __init__(self, folder: str | None = None) -> None:
        self.folder = folder
        self.modules: OrderedDict[str, Any] = OrderedDict()
        self._source = os.path.join(folder, "private", "appconfig.ini") if folder else None
        self._file = read_ini(self._source) if self._source else {}
        self._chosen: dict[tuple[str, str], Any] = {}
        self._decide: Callable[[], Decisions] | None = None
        self._decided: Decisions | None = None

    def decided_by(self, decide: Callable[[], Decisions]) -> None:
        """Say who knows what an administrator decided; asked once, when a setting of `DECIDABLE` is needed.

        Args:
            decide: returns (section, key) -> value, of those that were decided.
        """
        self._decide, self._decided = decide, None

    def as_configured(self) -> S3Settings:
        """These settings without what the settings page decided."""
        configured = copy.copy(self)
        configured._decide = None
        return configured

    def set(self, section: str, key: str, value: Any) -> None:
        """Decide a value in code; the file does not override it."""
        self._chosen[(section, key)] = value

    def _raw(self, section: str, key: str) -> Any:
        if self._decide is not None and (section, key) in DECIDABLE:
            if self._decided is None:
                self._decided = self._decide()
            if (section, key) in self._decided:
                return self._decided[(section, key)]
        if (section, key) in self._chosen:
            return self._chosen[(section, key)]
        value = self._file.get(section, {}).get(key)
        return None if value is None or value.strip() == "" else value.strip()

    def text(self, section: str, key: str, default: str | None = None) -> str | None:
        """A setting as text."""
        value = self._raw(section, key)
        return default if value is None else str(value)

    def number(self, section: str, key: str, default: float, minimum: float = 0) -> float:
        """A setting as a number, at least `minimum`.

        Raises:
            SettingsError: if the value is no number or too small.
        """
        value = self._raw(section, key)
        if value is None:
            return default
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if not number >= minimum:
            raise SettingsError(
                f"[{section}] {key} = {value!r} in {self._source or 'the settings'}: "
                f"a number of at least {minimum:g} is needed."
            )
        return number

    def flag(self, section: str, key: str, default: bool) -> bool:
        """A setting as yes or no.

        Raises:
            SettingsError: if the value is neither.
        """
        value = self._raw(section, key)
        if value is None:
            return default
        word = str(value).lower()
        if word not in _TRUE | _FALSE:
            raise SettingsError(
                f"[{section}] {key} = {value!r} in {self._source or 'the settings'}: true or false is needed."
            )
        return word in _TRUE

    def has_module(self, name: str) -> bool:
        """Whether a module is enabled at this site."""
        return name in self.modules

    def get_module_roles(self, name: str) -> Set[int] | None:
        """Roles that may use a module, from its `access` such as "|1|2|"; None if everybody may."""
        module = self.modules.get(name)
        access = getattr(module, "access", None) if module is not None else None
        if not access:
            return None
        return {int(role) for role in str(access).split("|") if role.strip().isdigit()}

    # Database and site

    def get_database_uri(self) -> str:
        """[db] uri: a pydal connection string. Default: an SQLite file in databases/."""
        return self.text("db", "uri", "sqlite://storage.sqlite") or ""

    def get_database_pool_size(self) -> int:
        """[db] pool_size: connections a process keeps open. Default: 10."""
        return int(self.number("db", "pool_size", 10))

    def get_base_public_url(self) -> str | None:
        """[site] public_url: address at which others reach this site, without the application. No default."""
        url = self.text("site", "public_url")
        return url.rstrip("/") if url else None

    def get_system_name(self) -> str:
        """[site] name: what this site is called. Default: Eden."""
        return self.text("site", "name", "Eden") or ""

    def get_security_registration(self) -> bool:
        """[site] self_registration: whether strangers may register as users. Default: no."""
        return self.flag("site", "self_registration", False)

    # Synchronisation

    def get_sync_page_size(self) -> int:
        """[sync] page_size: main records in one page between two sites of this kind. Default: 5000."""
        return int(self.number("sync", "page_size", limits.PAGE_SIZE, minimum=1))

    def get_sync_batch_size(self) -> int:
        """[sync] batch_size: records an import writes in one transaction. Default: 5000."""
        return int(self.number("sync", "batch_size", limits.BATCH_SIZE, minimum=1))

    def get_sync_max_document_size(self) -> int:
        """[sync] max_document_mb: largest document taken from a peer, in bytes. Default: 1024 MB."""
        most = self.number("sync", "max_document_mb", limits.DOCUMENT_MEGABYTES, minimum=0.001)
        return int(most * limits.MEGABYTE)

    def get_sync_max_upload_size(self) -> int:
        """[sync] max_upload_mb: largest file fetched for an upload field, in bytes. Default: 100 MB."""
        most = self.number("sync", "max_upload_mb", limits.FILE_MEGABYTES, minimum=0.001)
        return int(most * limits.MEGABYTE)

    def get_sync_connect_timeout(self) -> float:
        """[sync] connect_timeout: seconds to wait for a connection to a peer. Default: 10."""
        return self.number("sync", "connect_timeout", limits.CONNECT_TIMEOUT, minimum=0.1)

    def get_sync_read_timeout(self) -> float:
        """[sync] read_timeout: seconds to wait for the next byte of an answer. Default: 300."""
        return self.number("sync", "read_timeout", limits.READ_TIMEOUT, minimum=0.1)

    def get_sync_retries(self) -> int:
        """[sync] retries: how often a request that failed in passing is repeated. Default: 3."""
        return int(self.number("sync", "retries", limits.RETRIES))

    def get_sync_retry_delay(self) -> float:
        """[sync] retry_delay: seconds before the first repetition, three times as long each time. Default: 1."""
        return self.number("sync", "retry_delay", limits.RETRY_DELAY)

    def get_sync_verify_tls(self) -> bool:
        """[sync] verify_tls: whether certificates of peers are checked. Default: yes."""
        return self.flag("sync", "verify_tls", True)

    def get_sync_ca_bundle(self) -> str | None:
        """[sync] ca_bundle: file with the certificate authorities to trust instead of the usual. No default."""
        return self.text("sync", "ca_bundle")

    def get_sync_compression(self) -> bool:
        """[sync] compression: whether bodies are gzipped where the other end understands it. Default: yes."""
        return self.flag("sync", "compression", True)

    def get_sync_max_depth(self) -> int:
        """[sync] max_depth: how far an export follows references. Default: 10, as Eden."""
        return int(self.number("sync", "max_depth", 10))

    def get_sync_future_tolerance(self) -> float:
        """[sync] future_tolerance: seconds that a record's time may be ahead of ours. Default: a day."""
        return self.number("sync", "future_tolerance", 86400)

    def get_sync_clock_warning(self) -> float:
        """[sync] clock_warning: seconds between two sites' clocks that are worth a warning. Default: 60."""
        return self.number("sync", "clock_warning", 60)

    def get_sync_msince_overlap(self) -> float:
        """[sync] msince_overlap: seconds asked again from peers that know only times. Default: 60."""
        return self.number("sync", "msince_overlap", 60)

    def get_sync_lease_seconds(self) -> float:
        """[sync] lease_seconds: without a heartbeat for so long, another worker takes over. Default: 60."""
        return self.number("sync", "lease_seconds", 60, minimum=1)

    def get_sync_task_timeout(self) -> float:
        """[sync] task_timeout: seconds that one run of a repository may take. Default: 12 hours."""
        return self.number("sync", "task_timeout", 43200, minimum=1)

    def get_sync_log_days(self) -> int:
        """[sync] log_days: days that log entries are kept. Default: 90."""
        return int(self.number("sync", "log_days", 90, minimum=1))

    def get_sync_notify_to(self) -> list[str]:
        """[sync] notify_to: addresses, by commas, that get a mail when a repository keeps failing. No default."""
        return (self.text("sync", "notify_to") or "").replace(",", " ").replace(";", " ").split()

    def get_sync_notify_after(self) -> int:
        """[sync] notify_after: how many runs in a row have to fail before a mail is sent. Default: 3."""
        return int(self.number("sync", "notify_after", 3, minimum=1))

    # Mail

    def get_mail_server(self) -> str | None:
        """[mail] server: the server that takes mails from this site, host:port. No default: none are sent."""
        return self.text("mail", "server")

    def get_mail_sender(self) -> str | None:
        """[mail] sender: address from which this site writes. No default."""
        return self.text("mail", "sender")

    def get_mail_login(self) -> str | None:
        """[mail] login: user:password for the server. No default."""
        return self.text("mail", "login")

    def get_mail_tls(self) -> bool:
        """[mail] tls: whether the connection to the server is encrypted by STARTTLS. Default: yes."""
        return self.flag("mail", "tls", True)
