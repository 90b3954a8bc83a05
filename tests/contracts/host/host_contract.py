"""What every host keeps to: run on the bundled application, and on an Eden that has Eden's names alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from gluon import HTTP

from s3sync.core.errors import RowRefused
from s3sync.host.eden import EdenHost
from s3sync.host.port import Host
from s3sync.host.schema import build_schema
from tests.support.smtp import mail_server

ORG, OFFICE = "org_organisation", "org_office"


class Around(NamedTuple):
    """An application, and its host port.

    Attributes:
        host: what is tested.
        db, s3db, settings: of the application.
        folder: the application's.
        administrator, partner, clerk: accounts; the partner may synchronise, the clerk may read offices.
    """

    host: EdenHost
    db: Any
    s3db: Any
    settings: Any
    folder: Path
    administrator: int
    partner: int
    clerk: int


class HostContract:
    """The suite; a subclass gives the fixture ``around``, where no organisation goes while it has offices."""

    def test_it_is_a_host(self, around: Around) -> None:
        host: Host = around.host
        assert host.settings is around.host.settings

    def test_a_table_is_found_by_name(self, around: Around) -> None:
        assert around.host.table(ORG)._tablename == ORG
        assert around.host.table("no_such") is None

    def test_what_is_configured_for_a_table_is_told(self, around: Around) -> None:
        around.s3db.configure(ORG, computed_fields=("name",))
        assert around.host.config(ORG, "computed_fields") == ("name",)
        assert around.host.config(ORG, "no_such", 5) == 5

    def test_components_are_told_with_their_keys(self, around: Around) -> None:
        office = around.host.components(ORG)["office"]
        assert (office.tablename, office.pkey, office.fkey) == (OFFICE, "id", "organisation_id")
        assert around.host.components("auth_user") == {}

    def test_the_key_of_a_super_entity_is_told(self, around: Around) -> None:
        assert around.host.super_key("pr_pentity") == "pe_id"

    def test_the_schema_is_read_from_it(self, around: Around) -> None:
        schema = build_schema(around.db, around.host)
        assert "office" in schema.table(ORG).components
        assert schema.get("auth_user") is None

    def test_tables_are_told_as_soon_as_they_are_defined(self, around: Around) -> None:
        told: list[str] = []
        around.host.on_define(lambda table: told.append(table._tablename))
        around.host.on_define(lambda table: told.append(f"again {table._tablename}"))
        around.db[OFFICE]
        around.db.define_table("later_table", on_define=lambda table: told.append("its own"), migrate=False)
        around.db["later_table"]
        assert told.count(OFFICE) == told.count(f"again {OFFICE}") == 1
        assert told[-3] == "its own" and set(told[-2:]) == {"later_table", "again later_table"}

    def test_records_are_deleted_by_the_hosts_rules(self, around: Around) -> None:
        rows = around.host.table(ORG)
        lonely, needed = rows.insert(name="Lonely"), rows.insert(name="Needed")
        around.host.table(OFFICE).insert(name="Office", organisation_id=needed)
        around.host.delete(ORG, [lonely])
        with pytest.raises(RowRefused):
            around.host.delete(ORG, [needed])
        assert rows(lonely).deleted and not rows(needed).deleted

    def test_the_database_is_opened_once_more(self, around: Around) -> None:
        around.host.table(ORG).insert(name="Seen twice")
        around.db.commit()
        again = around.host.reconnector()()
        try:
            found = again.executesql("SELECT COUNT(*) FROM org_organisation WHERE name = 'Seen twice';")
        finally:
            again.close()
        assert found[0][0] == 1

    def test_nobody_in_particular_may_nothing(self, around: Around) -> None:
        host = around.host
        assert not host.impersonate(None)
        assert (host.user_id, host.logged_in()) == (None, False)
        assert not (host.may_synchronise() or host.may_administer() or host.has_permission("read", OFFICE))
        assert not host.impersonate(4711) and host.user_id is None

    def test_an_administrator_may_everything(self, around: Around) -> None:
        host = around.host
        assert host.impersonate(around.administrator)
        assert (host.user_id, host.logged_in()) == (around.administrator, True)
        assert host.may_synchronise() and host.may_administer() and host.has_permission("delete", OFFICE)

    def test_an_account_of_another_site_may_synchronise_and_not_administer(self, around: Around) -> None:
        around.host.impersonate(around.partner)
        assert around.host.may_synchronise() and not around.host.may_administer()

    def test_an_account_may_do_with_records_what_its_roles_allow(self, around: Around) -> None:
        around.host.impersonate(around.clerk)
        assert around.host.has_permission("read", OFFICE) and not around.host.has_permission(
            "read", "auth_user"
        )
        assert not around.host.may_administer()

    def test_who_asks_for_no_role_asks_for_an_administrator(self, around: Around) -> None:
        around.settings.modules["sync"].access = None
        around.host.impersonate(around.clerk)
        assert not around.host.may_administer()
        around.host.impersonate(around.administrator)
        assert around.host.may_administer()

    def test_who_may_not_is_refused(self, around: Around) -> None:
        around.host.impersonate(around.clerk)
        with pytest.raises(HTTP) as refused:
            around.host.forbid()
        assert refused.value.status == 403
        around.host.impersonate(None)
        with pytest.raises(HTTP) as refused:
            around.host.forbid()
        assert refused.value.status in (401, 303)

    def test_things_have_names(self, around: Around) -> None:
        host = around.host
        assert host.title("auth_membership") == ""
        around.s3db.configure(ORG, title="Organisations")
        assert host.title(ORG) == "Organisations"
        assert (host.module_title("sync"), host.module_title("xyz")) == ("Synchronization", "xyz")

    def test_a_module_may_be_a_plain_dict_and_have_no_name(self, around: Around) -> None:
        around.settings.modules["pr"] = {}
        assert around.host.module_title("pr") == "pr"
        around.settings.modules["sync"] = {"access": "|2|1|"}
        around.host.impersonate(around.administrator)
        assert around.host.may_administer()

    def test_references_are_shown_by_name(self, around: Around) -> None:
        rows = around.host.table(ORG)
        named, nameless = rows.insert(name="Red Cross"), rows.insert(name="")
        assert around.host.reference_labels(ORG, [named, nameless, 99]) == {
            named: "Red Cross",
            nameless: f"#{nameless}",
            99: "#99",
        }

    def test_pages_are_known(self, around: Around) -> None:
        assert around.host.accounts_page() is None
        controllers = around.folder / "controllers"
        controllers.mkdir()
        (controllers / "org.py").write_text("def office():\n    return {}\n", encoding="utf-8")
        (controllers / "admin.py").write_text("def user():\n    return {}\n", encoding="utf-8")
        assert around.host.page_exists("org", "office") and not around.host.page_exists("org", "facility")
        assert not around.host.page_exists("pr", "person")
        assert around.host.accounts_page() == "user"

    def test_the_sites_code_and_its_file_decide_settings(self, around: Around) -> None:
        around.settings.sync.page_size = 7
        around.settings.base.system_name = "Relief"
        private = around.folder / "private"
        private.mkdir(exist_ok=True)
        (private / "appconfig.ini").write_text(
            "[sync]\npage_size = 50\nretries = 9\nlog_days = 5\n", encoding="utf-8"
        )
        decided = {("sync", "log_days"): 2}
        host = EdenHost(around.db, around.s3db, around.settings, None, around.folder, lambda: decided)
        settings = host.settings
        assert (settings.get_sync_page_size(), settings.get_sync_retries()) == (7, 9)
        assert (settings.get_sync_log_days(), settings.as_configured().get_sync_log_days()) == (2, 5)
        assert settings.get_system_name() == "Relief"

    def test_mails_are_sent_and_failures_told(self, around: Around) -> None:
        with mail_server() as server:
            around.settings.mail.server = server.address
            around.settings.mail.sender = "eden@example.org"
            around.settings.mail.tls = False
            assert around.host.send_mail(["a@example.org"], "Subject", "Text") is None
            assert [mail["Subject"] for mail in server.mails] == ["Subject"]
            server.refusing = True
            assert around.host.send_mail(["a@example.org"], "Subject", "Text")
