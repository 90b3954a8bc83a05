"""Settings of the bundled application: documented defaults, the site's file, and what its code decides."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from gluon.storage import Storage

from s3.settings import S3Settings


def test_defaults_hold_without_a_file(tmp_path: Path) -> None:
    settings = S3Settings(str(tmp_path))
    assert settings.get_database_uri() == "sqlite://storage.sqlite"
    assert settings.get_database_pool_size() == 10
    assert settings.get_security_registration() is False


def test_the_file_overrides_the_defaults_and_the_code_the_file(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "appconfig.ini").write_text(
        "[db]\nuri = sqlite://other.sqlite\npool_size = 3\n[site]\nname = Büro 50%\n", encoding="utf-8"
    )
    settings = S3Settings(str(tmp_path))
    assert settings.get_database_uri() == "sqlite://other.sqlite"
    assert settings.get_system_name() == "Büro 50%"
    settings.set("db", "pool_size", 4)
    settings.set("site", "name", "Office")
    settings.set("site", "self_registration", True)
    assert (settings.get_database_pool_size(), settings.get_system_name()) == (4, "Office")
    assert settings.get_security_registration() is True


def test_what_the_code_decides_stands_where_an_eden_has_it() -> None:
    settings = S3Settings()
    settings.set("site", "public_url", "https://a.example.org")
    settings.set("sync", "page_size", 7)
    settings.sync.retries = 5
    assert settings.base.public_url == "https://a.example.org"
    assert (settings.sync.page_size, settings.number("sync", "retries", 3)) == (7, 5)


def test_modules_and_their_roles() -> None:
    settings = S3Settings()
    settings.modules = OrderedDict(
        sync=Storage(restricted=True, access="|1|"),
        org=Storage(restricted=True, access="|2|5|"),
        default=Storage(restricted=False, access=None),
    )
    assert settings.has_module("sync") and not settings.has_module("cr")
    assert settings.get_module_roles("sync") == {1}
    assert settings.get_module_roles("org") == {2, 5}
    assert settings.get_module_roles("default") is None
