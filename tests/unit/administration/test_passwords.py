"""Passwords that an Eden stored as plain text: sealed when it is taken over, opened when it is given back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from s3sync.administration import passwords
from s3sync.site.vault import KEY_FILE, PREFIX
from tests.support.site import SampleSite


@pytest.fixture
def site(tmp_path: Path) -> SampleSite:
    site = SampleSite(tmp_path / "site")
    add(site, name="Headquarters", password="geheim ✓", client_secret="not asked for by this type")
    add(site, name="Drop", apitype="ftp", password="of another type")
    add(site, name="Silent", password=None)
    add(site, name="Gone", password="of one that was deleted", deleted=True)
    return site


def add(site: SampleSite, **values: Any) -> None:
    site.db.sync_repository.insert(**values)


def stored(site: SampleSite) -> dict[str, str | None]:
    return {row.name: row.password for row in site.db(site.db.sync_repository).select()}


def test_plain_passwords_are_sealed_and_opened_again(site: SampleSite) -> None:
    before = stored(site)
    assert passwords.seal(site.db, site.vault) == 2
    after = stored(site)
    assert str(after["Headquarters"]).startswith(PREFIX) and str(after["Gone"]).startswith(PREFIX)
    assert passwords.unseal(site.db, site.vault) == (2, []) and stored(site) == before


def test_what_only_the_eden_itself_uses_stays_plain(site: SampleSite) -> None:
    passwords.seal(site.db, site.vault)
    assert (stored(site)["Drop"], stored(site)["Silent"]) == ("of another type", None)


def test_a_second_time_nothing_is_done(site: SampleSite) -> None:
    passwords.seal(site.db, site.vault)
    sealed = stored(site)
    assert passwords.seal(site.db, site.vault) == 0 and stored(site) == sealed
    passwords.unseal(site.db, site.vault)
    assert passwords.unseal(site.db, site.vault) == (0, [])


def test_the_repositories_are_not_marked_as_changed(site: SampleSite) -> None:
    table = site.db.sync_repository
    before = [row.modified_on for row in site.db(table).select(table.modified_on)]
    site.clock.step(3600)
    passwords.seal(site.db, site.vault)
    assert [row.modified_on for row in site.db(table).select(table.modified_on)] == before


def test_without_the_key_the_repository_is_named_and_the_others_are_opened(site: SampleSite) -> None:
    passwords.seal(site.db, site.vault)
    (site.folder / "private" / KEY_FILE).unlink()
    del site.vault
    table = site.db.sync_repository
    site.db(table.name == "Gone").update(password=site.vault.seal("with the new key"))
    assert passwords.unseal(site.db, site.vault) == (1, ["Headquarters"])
    assert stored(site)["Gone"] == "with the new key" and str(stored(site)["Headquarters"]).startswith(PREFIX)
