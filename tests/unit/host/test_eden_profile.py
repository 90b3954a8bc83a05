"""The profile of what a complete Eden derives, and the site's own words on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.host.eden_profile import OF_SITE, Profile
from s3sync.host.ini import SettingsError


def with_own(folder: Path, text: str) -> Profile:
    path = folder.joinpath(*OF_SITE)
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return Profile(str(folder))


def test_what_each_site_makes_for_itself_stays_there(tmp_path: Path) -> None:
    profile = Profile(str(tmp_path))
    stay = ("pr_role", "sit_presence", "msg_email_channel", "usr_widget")
    assert all(map(profile.stays, stay))
    assert not any(map(profile.stays, ("pr_person", "msg_message", "gis_location", "org_site")))


def test_fields_are_computed_as_far_as_a_table_has_them(tmp_path: Path) -> None:
    profile = Profile(str(tmp_path))
    assert profile.computed("gis_location", ["name", "path", "L0", "lat", "lat_min"]) == (
        "path",
        "L0",
        "lat_min",
    )
    assert profile.computed("pr_person", ["first_name", "vhash"]) == ("vhash",)


def test_stock_is_moved_once(tmp_path: Path) -> None:
    profile = Profile(str(tmp_path))
    assert profile.is_transactional("inv_recv") and not profile.is_transactional("inv_inv_item")


def test_times_of_now_are_given_once(tmp_path: Path) -> None:
    profile = Profile(str(tmp_path))
    assert profile.is_transactional("med_epicrisis") and profile.is_transactional("org_site_presence_event")


def test_what_callbacks_make_for_a_record_travels_with_it_and_is_not_made_once_more(tmp_path: Path) -> None:
    """An item had two packs and two entries in a catalog, a patient two epicrises, a training two certificates."""
    profile = Profile(str(tmp_path))
    makers = ("supply_item", "med_patient", "hrm_training", "hrm_certification")
    made = ("supply_item_pack", "supply_catalog_item", "med_epicrisis", "hrm_competency", "hrm_trainings")
    assert all(map(profile.is_transactional, makers)) and not any(map(profile.stays, made))


def test_the_author_of_a_post_is_not_who_synchronises(tmp_path: Path) -> None:
    """A post without an author got the person of the account that imported it, where that had one."""
    assert Profile(str(tmp_path)).is_transactional("cms_post")


def test_the_history_of_a_registration_is_written_at_each_site(tmp_path: Path) -> None:
    """Those that came were refused, as their first line has no former status."""
    assert Profile(str(tmp_path)).stays("cr_shelter_registration_history")


def test_records_that_each_site_makes_are_recognised_by_fields(tmp_path: Path) -> None:
    profile = Profile(str(tmp_path))
    fields = ["id", "catalog_id", "item_id", "comments"]
    assert profile.recognised("supply_catalog_item", fields) == ("catalog_id", "item_id")
    assert profile.recognised("supply_item", fields) == ()
    own = with_own(tmp_path, "[recognised]\nsupply_catalog_item = -item_id\ndev_note = comments\n")
    assert own.recognised("supply_catalog_item", fields) == ("catalog_id",)
    assert own.recognised("dev_note", fields) == ("comments",)


def test_records_are_not_recognised_by_a_part_of_the_fields_that_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By the rest of them all items of a catalog would be one."""
    assert Profile(str(tmp_path)).recognised("supply_catalog_item", ["id", "catalog_id"]) == ()
    own = with_own(tmp_path, "[recognised]\ndev_note = title, tittle\n")
    assert own.recognised("dev_note", ["title", "comments"]) == () and "tittle" in caplog.text
    assert own.recognised("dev_note", ["Title", "TITTLE"]) == ("Title", "TITTLE")


def test_a_site_adds_and_takes_out(tmp_path: Path) -> None:
    profile = with_own(
        tmp_path,
        "[never travels]\npr_role = -\ndev_note = ours\n[computed]\ngis_location = -path, name\n"
        "[transactional]\ninv_recv = -\n",
    )
    assert profile.stays("dev_note") and profile.stays("pr_affiliation") and not profile.stays("pr_role")
    assert profile.computed("gis_location", ["name", "path", "inherited"]) == ("name", "inherited")
    assert not profile.is_transactional("inv_recv") and profile.is_transactional("inv_send")
    assert profile.mark != Profile(str(tmp_path / "another")).mark


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"profile\.ini"):
        with_own(tmp_path, "no section")
