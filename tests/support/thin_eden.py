"""A thin Eden: this project's own stand-in for a complete one, which behaves where it matters as those were found to.

Its models are loaded by the prefix of a table that somebody asks for; one table is made beside others and cannot be
loaded by its name. Super-entities are named, or given as tables; rules for duplicates hold sets; several components are
the same records seen through filters. Callbacks want a Storage, write into their own records as any form does, and may
fail. Names and meanings are Eden's, the code is this project's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

from gluon import DAL, Field, current
from gluon.storage import Storage

from s3sync.administration.eden_tables import prepare_tables
from s3sync.database.tables import indices as indices
from s3sync.database.tables.fields import meta_fields
from s3sync.host.living_eden import LivingEden
from s3sync.site import Site
from tests.support.eden_names import EdenAuth, EdenModel, EdenSettings
from tests.support.site import Clock

#: Roles of accounts: 1 is the administrator's.
ADMINISTRATOR, CLERK = 1, 2


class ThinSettings(EdenSettings):
    """``current.deployment_settings`` with what a complete Eden is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.callbacks: dict[tuple[str, str], Any] = {}
        self.approves = False

    def get_template(self) -> str:
        return "default"

    def get_auth_realm_entity(self) -> Any:
        return None

    def get_auth_record_approval(self) -> bool:
        return self.approves

    def get_import_callback(self, tablename: str, callback: str) -> Any:
        return self.callbacks.get((tablename, callback)) or current.s3db.get_config(tablename, callback)


class ThinModel(EdenModel):
    """``current.s3db``: defines the tables of a prefix when one of them is asked for.

    Attributes:
        seen: the forms that callbacks got.
        loaded: prefixes, in the order in which their models were loaded.
    """

    def __init__(self, db: Any, clock: Clock) -> None:
        super().__init__(db)
        self.seen: list[Any] = []
        self.loaded: list[str] = []
        self._meta: Callable[[], list[Field]] = lambda: meta_fields(db, clock)
        self._models: dict[str, tuple[set[str], Callable[[], None]]] = {
            "pr": ({"pr_pentity", "pr_person", "pr_contact", "pr_role"}, self._load_pr),
            "org": ({"org_organisation", "org_office", "org_site", "org_summary"}, self._load_org),
        }

    def table(self, tablename: str, default: Any = None, db_only: bool = False) -> Any:
        if tablename not in self._db.tables:
            names, load = self._models.get(tablename.partition("_")[0], (set(), None))
            if tablename in names and load is not None:
                load()
        return self._db[tablename] if tablename in self._db.tables else default

    def load_all_models(self) -> None:
        for names, _ in self._models.values():
            for name in names:
                self.table(name)

    def get_config(self, tablename: Any, key: str, default: Any = None) -> Any:
        return super().get_config(getattr(tablename, "_tablename", tablename), key, default)

    def get_components(self, table: str, names: Any = None) -> dict[str, Any]:
        supers = self.get_config(table, "super_entity") or []
        above = [
            getattr(each, "_tablename", each) for each in (supers if isinstance(supers, list) else [supers])
        ]
        found: dict[str, Any] = {}
        for name in (table, *above):
            found.update(self._components.get(name, {}))
        return found

    def super_key(self, supertable: Any, default: Any = None) -> Any:
        return self.table(supertable)._id.name

    def _join(self, master: str, alias: str, table: str, fkey: str, pkey: str, **more: Any) -> None:
        hook = Storage(
            tablename=table, alias=alias, pkey=pkey, fkey=fkey, multiple=True, linktable=None, **more
        )
        self._components.setdefault(master, {})[alias] = hook

    def _load_pr(self) -> None:
        db = self._db
        self.loaded.append("pr")
        db.define_table(
            "pr_pentity",
            Field("pe_id", "id"),
            Field("instance_type"),
            Field("uuid", length=128),
            Field("deleted", "boolean", default=False),
        )
        self._join(
            "pr_pentity", "email", "pr_contact", "pe_id", "pe_id", filterby={"contact_method": "EMAIL"}
        )
        self._join("pr_pentity", "contact", "pr_contact", "pe_id", "pe_id")
        self._join("pr_pentity", "phone", "pr_contact", "pe_id", "pe_id", filterby={"contact_method": "SMS"})
        entity = Field("pe_id", "reference pr_pentity")
        db.define_table("pr_person", entity.clone(), Field("first_name"), *self._meta())
        card = Field("card", "upload", uploadfolder=os.path.join(db._adapter.folder, "..", "uploads"))
        db.define_table(
            "pr_contact", entity.clone(), Field("contact_method"), Field("value"), card, *self._meta()
        )
        db.define_table("pr_role", entity.clone(), Field("role"), *self._meta())
        self.configure("pr_person", super_entity=db.pr_pentity)

    def _load_org(self) -> None:
        db = self._db
        self.loaded.append("org")
        self.table("pr_person")
        db.define_table(
            "org_site",
            Field("site_id", "id"),
            Field("instance_type"),
            Field("name"),
            Field("code"),
            Field("uuid", length=128),
            Field("deleted", "boolean", default=False),
        )
        entity = Field("pe_id", "reference pr_pentity")
        db.define_table(
            "org_organisation",
            entity.clone(),
            Field("name"),
            Field("users", "integer", default=0),
            *self._meta(),
        )
        db.define_table(
            "org_office",
            entity.clone(),
            Field("site_id", "reference org_site"),
            Field("organisation_id", "reference org_organisation"),
            Field("name"),
            *self._meta(),
        )
        # It is made beside the others, and no model announces it.
        db.define_table(
            "org_office_note", Field("office_id", "reference org_office"), Field("note"), *self._meta()
        )
        db.define_table(
            "org_summary",
            Field("organisation_id", "reference org_organisation"),
            Field("text"),
            *self._meta(),
        )
        self._join("org_organisation", "summary", "org_summary", "organisation_id", "id")
        self._components["org_organisation"]["summary"].multiple = False
        rule = SimpleNamespace(primary={"name"}, secondary=set(), ignore_case=True)
        self.configure(
            "org_organisation",
            super_entity="pr_pentity",
            deduplicate=rule,
            onaccept={"org_organisation": self._accept_organisation},
            realm_entity=lambda table, row: row["pe_id"],
        )
        self.configure("org_site", no_shared_fields=["code"], onaccept=self._accept_site)
        self.configure("org_office", super_entity=[db.pr_pentity, "org_site"], onaccept=self._accept_office)

    def _accept_organisation(self, form: Any) -> None:
        """Count, and make a role: by pydal, so that the time of the record moves as with any other update."""
        if "vars" not in form or form["vars"]["no_such"] is not None or form.errors.name is not None:
            raise TypeError("this is no form of an Eden")
        self.seen.append(form)
        table = self._db.org_organisation
        self._db(table.id == form.vars.id).update(users=7)
        self._db.pr_role.insert(pe_id=form.vars.pe_id, role="Members")
        summaries = self._db.org_summary
        if (
            form.vars.name.startswith("Summarised")
            and not self._db(summaries.organisation_id == form.vars.id).count()
        ):
            summaries.insert(organisation_id=form.vars.id)

    def _accept_site(self, form: Any) -> None:
        table = self._db.org_site
        self._db(table.site_id == form.vars.site_id).update(code=f"SITE{form.vars.site_id}")

    def _accept_office(self, form: Any) -> None:
        if form.vars.name == "Bad":
            raise ValueError("nothing is known of it")


class ThinAuth(EdenAuth):
    """``current.auth``: who is no administrator reads and updates organisations of his own realm."""

    def __init__(self, db: Any, roles: Mapping[int, set[int]], realm: Iterable[int] = ()) -> None:
        pages = {key: {("sync", "sync")} for key in roles}
        tables = {key: {("read", "org_organisation"), ("update", "org_organisation")} for key in roles}
        super().__init__(db, roles, pages, tables)
        self.realm = set(realm)
        self.realms_set: list[tuple[str, list[int]]] = []

    def allow(self, role: int, method: str, table: str) -> None:
        """Give a role another right."""
        self._tables[role].add((method, table))

    def s3_accessible_query(self, method: str, table: Any, c: Any = None, f: Any = None) -> Any:
        if (c, f) != ("sync", "sync"):
            raise AssertionError("rights are those of the synchronisation")
        if self.s3_has_role(ADMINISTRATOR):
            return table.id > 0
        if not self._may(self._tables, (method, str(table))):
            return table.id == 0
        return table.realm_entity.belongs(self.realm)

    def set_realm_entity(self, table: Any, records: Any, entity: Any = 0, force_update: bool = False) -> None:
        self.realms_set.append((str(table), list(records)))
        for key in records:
            row = table(key)
            realm = current.s3db.get_config(table, "realm_entity")(table, row)
            self._db(table.id == key).update(realm_entity=realm)


class ThinEden(Site):
    """A site over a thin Eden, with its own request's surroundings.

    Args:
        folder: where it lies.
        clock: its clock.
    """

    clock: Clock

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        for name in ("databases", "private", "uploads"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        clock = clock or Clock()
        db = DAL(
            "sqlite://storage.sqlite", folder=str(folder / "databases"), check_reserved=["mysql", "postgres"]
        )
        db.define_table("auth_user", Field("email"))
        db.define_table("auth_group", Field("role"))
        db.define_table("auth_membership", Field("user_id", "integer"), Field("group_id", "integer"))
        self.s3db = ThinModel(db, clock)
        self.settings = ThinSettings()
        accounts = [db.auth_user.insert(email=f"{each}@example.org") for each in ("admin", "clerk")]
        db.auth_membership.insert(user_id=accounts[0], group_id=ADMINISTRATOR)
        self.auth = ThinAuth(db, {accounts[0]: {ADMINISTRATOR}, accounts[1]: {CLERK}})
        self.administrator, self.clerk = accounts
        self.enter()
        prepare_tables(db, clock)
        host = LivingEden(db, self.s3db, self.settings, self.auth, folder)
        super().__init__(db, host, folder, "eden", f"http://{folder.name}.example.org", clock)
        self.install()
        host.load_all()
        indices.prepare(db, self.schema)
        host.act_for_the_site()
        db.commit()

    def enter(self) -> None:
        """Let the request that follows be one of this site."""
        current.s3db, current.response = self.s3db, Storage(s3=Storage())
