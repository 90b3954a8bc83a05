"""Settings of synchronisation: documented defaults, the site's file, and clear words for what cannot be used."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from s3sync.core.limits import MEGABYTE
from s3sync.core.retry import RetryPolicy
from s3sync.exchange.importer import Importer
from s3sync.host.ini import SettingsError
from s3sync.host.settings import Decisions, SyncSettings
from s3sync.transport import limits as limits
from s3sync.wire import s3xml as s3xml

Chosen = dict[tuple[str, str], object]


def site(
    tmp_path: Path, text: str, chosen: Chosen | None = None, decided: Decisions | None = None
) -> SyncSettings:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "appconfig.ini").write_text(text, encoding="utf-8")
    known = chosen or {}
    return SyncSettings(str(tmp_path), lambda section, key: known.get((section, key)), lambda: decided or {})


def test_defaults_hold_without_a_file(tmp_path: Path) -> None:
    settings = SyncSettings(str(tmp_path), lambda section, key: None)
    assert settings.get_sync_page_size() == 5000
    assert settings.get_sync_max_document_size() == 1024 * MEGABYTE
    assert settings.get_sync_verify_tls() is True
    assert settings.get_base_public_url() is None


def test_the_file_overrides_the_defaults(tmp_path: Path) -> None:
    settings = site(
        tmp_path,
        "[site]\nname = Büro 50%\npublic_url = https://a.example.org/\n"
        "[sync]\npage_size = 50\nverify_tls = no\nread_timeout =\n",
    )
    assert settings.get_system_name() == "Büro 50%"
    assert settings.get_base_public_url() == "https://a.example.org"
    assert settings.get_sync_page_size() == 50
    assert settings.get_sync_verify_tls() is False
    assert settings.get_sync_read_timeout() == 300


def test_a_value_chosen_in_code_outranks_the_file(tmp_path: Path) -> None:
    settings = site(tmp_path, "[sync]\npage_size = 50\n", {("sync", "page_size"): 7})
    assert settings.get_sync_page_size() == 7


def test_what_the_settings_page_decided_outranks_both(tmp_path: Path) -> None:
    asked = []

    def decide() -> Decisions:
        asked.append(1)
        return {("sync", "page_size"): 250, ("sync", "retries"): 0, ("sync", "batch_size"): 1}

    site(tmp_path, "[sync]\npage_size = 50\nbatch_size = 9\n")
    chosen: Chosen = {("sync", "retries"): 7}
    settings = SyncSettings(str(tmp_path), lambda section, key: chosen.get((section, key)), decide)
    assert (settings.get_sync_batch_size(), asked) == (9, []), "not for the page to decide"
    assert (settings.get_sync_page_size(), settings.get_sync_retries()) == (250, 0)
    assert settings.get_sync_notify_after() == 3 and asked == [1]
    usual = settings.as_configured()
    assert (usual.get_sync_page_size(), usual.get_sync_retries()) == (50, 7)


def test_addresses_of_mails_are_a_list(tmp_path: Path) -> None:
    assert site(tmp_path, "").get_sync_notify_to() == []
    settings = SyncSettings(None, lambda section, key: "a@example.org, b@example.org;c@example.org")
    assert settings.get_sync_notify_to() == ["a@example.org", "b@example.org", "c@example.org"]


@pytest.mark.parametrize("value", ["many", "0", "-3", "nan"])
def test_an_unusable_number_names_its_place(tmp_path: Path, value: str) -> None:
    settings = site(tmp_path, f"[sync]\npage_size = {value}\n")
    with pytest.raises(SettingsError, match=r"\[sync\] page_size.*appconfig\.ini"):
        settings.get_sync_page_size()


def test_an_unusable_flag_is_refused(tmp_path: Path) -> None:
    settings = site(tmp_path, "[sync]\nverify_tls = perhaps\n")
    with pytest.raises(SettingsError, match="true or false"):
        settings.get_sync_verify_tls()


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"appconfig\.ini cannot be read"):
        site(tmp_path, "page_size = 50\n")


def test_what_nothing_is_set_for_is_bounded_as_the_code_bounds_it(tmp_path: Path) -> None:
    settings = site(tmp_path, "")
    line, document = limits.Limits(), s3xml.DocumentLimits()
    assert settings.get_sync_max_document_size() == line.document_size == document.max_bytes
    assert settings.get_sync_max_upload_size() == line.file_size
    assert settings.get_sync_connect_timeout() == line.connect_timeout
    assert settings.get_sync_read_timeout() == line.read_timeout
    assert settings.get_sync_retries() == RetryPolicy().attempts - 1
    assert settings.get_sync_retry_delay() == RetryPolicy().first_delay
    usual = inspect.signature(Importer).parameters["batch_size"].default
    assert settings.get_sync_batch_size() == usual
