"""The settings of a site for its synchronisation: ``[sync]``, ``[site]`` and ``[mail]`` of private/appconfig.ini.

Each getter documents its default. The site's code overrides the file (``settings.sync.page_size = 100``). For the
settings in ``DECIDABLE``, a value from the settings page overrides both.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

from ..core import limits as limits
from .ini import Chosen, IniSettings, SettingsError

#: Section and key of the settings that the settings page can change (stored by ``administration.preferences``).
DECIDABLE = (
    ("site", "public_url"),
    ("sync", "page_size"),
    ("sync", "max_document_mb"),
    ("sync", "max_upload_mb"),
    ("sync", "connect_timeout"),
    ("sync", "read_timeout"),
    ("sync", "retries"),
    ("sync", "log_days"),
    ("sync", "notify_to"),
    ("sync", "notify_after"),
)
#: Characters of a key that nobody guesses.
SHORTEST_KEY = 16
Decisions = Mapping[tuple[str, str], Any]


def addresses(text: str | None) -> list[str]:
    """Return the e-mail addresses in a text, which are separated by commas, semicolons or spaces."""
    return (text or "").replace(",", " ").replace(";", " ").split()


class SyncSettings(IniSettings):
    """The settings of one site's synchronisation.

    Args:
        folder: the application's folder; None for defaults only.
        chosen: returns the values set in the site's code.
        decide: returns (section, key) -> value for those set on the settings page; it is called once, when a setting
            of ``DECIDABLE`` is read.
    """

    def __init__(self, folder: str | None, chosen: Chosen, decide: Callable[[], Decisions] = dict) -> None:
        super().__init__(folder, chosen)
        self._decide = decide
        self._decided: Decisions | None = None

    def as_configured(self) -> SyncSettings:
        """Return these settings without those of the settings page."""
        configured = copy.copy(self)
        configured._decided = {}
        return configured

    def _raw(self, section: str, key: str) -> Any:
        if (section, key) in DECIDABLE:
            if self._decided is None:
                self._decided = self._decide()
            if (section, key) in self._decided:
                return self._decided[(section, key)]
        return super()._raw(section, key)

    # The site

    def get_base_public_url(self) -> str | None:
        """[site] public_url: address at which others reach this site, without the application. No default."""
        url = self.text("site", "public_url")
        return url.rstrip("/") if url else None

    def get_system_name(self) -> str:
        """[site] name: what this site is called. Default: Eden."""
        return self.text("site", "name", "Eden") or ""

    # Synchronisation

    def get_sync_page_size(self) -> int:
        """[sync] page_size: main records in one page between two sites of this kind. Default: 5000."""
        return int(self.number("sync", "page_size", limits.PAGE_SIZE, minimum=1))

    def get_sync_batch_size(self) -> int:
        """[sync] batch_size: records an import writes in one transaction. Default: 5000."""
        return int(self.number("sync", "batch_size", limits.BATCH_SIZE, minimum=1))

    def get_sync_max_document_size(self) -> int:
        """[sync] max_document_mb: largest document accepted from a peer, in bytes. Default: 1024 MB."""
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

    def get_sync_least_rate(self) -> float:
        """[sync] least_rate: bytes a second that an answer brings at least, over five minutes. Default: 50."""
        return self.number("sync", "least_rate", limits.LEAST_RATE)

    def get_sync_retries(self) -> int:
        """[sync] retries: how often a request is retried after a transient failure. Default: 3."""
        return int(self.number("sync", "retries", limits.RETRIES))

    def get_sync_retry_delay(self) -> float:
        """[sync] retry_delay: seconds before the first retry, three times as long each time. Default: 1."""
        return self.number("sync", "retry_delay", limits.RETRY_DELAY)

    def get_sync_verify_tls(self) -> bool:
        """[sync] verify_tls: whether certificates of peers are checked. Default: yes."""
        return self.flag("sync", "verify_tls", True)

    def get_sync_ca_bundle(self) -> str | None:
        """[sync] ca_bundle: file with the certificate authorities to trust instead of the usual ones. No default."""
        return self.text("sync", "ca_bundle")

    def get_sync_folder_roots(self) -> tuple[Path, ...]:
        """[sync] folder_roots: comma-separated folders below which repositories may read and write. No default."""
        named = self.text("sync", "folder_roots") or ""
        return tuple(Path(each.strip()) for each in named.split(",") if each.strip())

    def get_sync_compression(self) -> bool:
        """[sync] compression: whether bodies are gzipped if the other site supports it. Default: yes."""
        return self.flag("sync", "compression", True)

    def get_sync_max_depth(self) -> int:
        """[sync] max_depth: how far an export follows references. Default: 10, as in Eden."""
        return int(self.number("sync", "max_depth", 10))

    def get_sync_future_tolerance(self) -> float:
        """[sync] future_tolerance: seconds that a record's time may be in the future. Default: a day."""
        return self.number("sync", "future_tolerance", 86400)

    def get_sync_clock_warning(self) -> float:
        """[sync] clock_warning: seconds between two sites' clocks that cause a warning. Default: 60."""
        return self.number("sync", "clock_warning", 60)

    def get_sync_msince_overlap(self) -> float:
        """[sync] msince_overlap: seconds that are requested again from peers without cursors. Default: 60."""
        return self.number("sync", "msince_overlap", 60)

    def get_sync_lease_seconds(self) -> float:
        """[sync] lease_seconds: seconds without a heartbeat after which another worker takes over. Default: 60."""
        return self.number("sync", "lease_seconds", 60, minimum=1)

    def get_sync_task_timeout(self) -> float:
        """[sync] task_timeout: seconds that one run of a repository may take. Default: 12 hours."""
        return self.number("sync", "task_timeout", 43200, minimum=1)

    def get_sync_log_days(self) -> int:
        """[sync] log_days: days that log entries are kept. Default: 90."""
        return int(self.number("sync", "log_days", 90, minimum=1))

    def get_sync_change_days(self) -> int:
        """[sync] change_days: days that it is remembered from which value a field was changed. Default: 90."""
        return int(self.number("sync", "change_days", 90, minimum=1))

    def get_sync_bin_days(self) -> int:
        """[sync] bin_days: days that the content of deleted records is kept, to be restored. Default: 30."""
        return int(self.number("sync", "bin_days", 30, minimum=1))

    def get_sync_metrics_key(self) -> str | None:
        """[sync] metrics_key: the key for /metrics, of at least 16 characters. No default: this machine only.

        Raises:
            SettingsError: the key is shorter.
        """
        key = self.text("sync", "metrics_key")
        if key is not None and len(key) < SHORTEST_KEY:
            raise SettingsError(f"[sync] metrics_key: at least {SHORTEST_KEY} characters are needed.")
        return key

    def get_sync_notify_to(self) -> list[str]:
        """[sync] notify_to: comma-separated addresses that get a mail when a repository keeps failing. No default."""
        return addresses(self.text("sync", "notify_to"))

    def get_sync_approve_registrations(self) -> bool:
        """[sync] approve_registrations: whether who registers uninvited waits for an administrator. Default: no."""
        return self.flag("sync", "approve_registrations", False)

    def get_sync_notify_after(self) -> int:
        """[sync] notify_after: how many runs in a row must fail before a mail is sent. Default: 3."""
        return int(self.number("sync", "notify_after", 3, minimum=1))

    # Mail

    def get_mail_server(self) -> str | None:
        """[mail] server: the mail server, host:port. No default: no mails are sent."""
        return self.text("mail", "server")

    def get_mail_sender(self) -> str | None:
        """[mail] sender: the sender's address of mails from this site. No default."""
        return self.text("mail", "sender")

    def get_mail_login(self) -> str | None:
        """[mail] login: user:password for the server. No default."""
        return self.text("mail", "login")

    def get_mail_tls(self) -> bool:
        """[mail] tls: whether the connection to the server is encrypted by STARTTLS. Default: yes."""
        return self.flag("mail", "tls", True)
