"""Sites that exchange by folders which are carried between them: sticks that can be copied, lost, and pulled out."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from s3sync.active.registration import introduce
from s3sync.adapters._by_files.carried import CarriedAdapter
from s3sync.adapters.settings import columns
from s3sync.wire.carried.sealing import CHEAPEST, Cost
from s3sync.worker import synchronise as synchronise
from tests.support.site import IN_A_FILE, Clock, SampleSite

ORG, OFFICE = "org_organisation", "org_office"


@contextlib.contextmanager
def cheap_keys() -> Iterator[None]:
    """Let keys of passphrases cost as little as a reader allows: tests make many."""
    former = CarriedAdapter.cost
    CarriedAdapter.cost = Cost(CHEAPEST)
    try:
        yield
    finally:
        CarriedAdapter.cost = former


class Stick:
    """A memory stick.

    Args:
        folder: where it lies.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def copy(self, to: Path) -> Stick:
        """Return another stick with the same content."""
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.folder, to)
        return Stick(to)

    def put_back(self, copy: Stick) -> None:
        """Replace the content by that of a copy."""
        shutil.rmtree(self.folder)
        shutil.copytree(copy.folder, self.folder)

    def lose(self) -> None:
        """Be a new, empty one."""
        shutil.rmtree(self.folder)
        self.folder.mkdir()

    def files(self, pattern: str = "*") -> list[str]:
        """Return the names of its files."""
        return sorted(
            str(each.relative_to(self.folder)) for each in self.folder.rglob(pattern) if each.is_file()
        )


class Carried:
    """Two sites that reach the same stick, one after the other, and nothing else of each other.

    Args:
        folder: for sites and sticks.
        names: of the sites.
        page: maximum number of records in a page.
        passphrase: with which all of them seal what they leave, "" for none.
    """

    def __init__(self, folder: Path, names: str = "ab", page: int = 3, passphrase: str = "") -> None:
        self.folder = folder
        self.clock = Clock()
        self.stick = Stick(folder / "stick")
        self.page = page
        self.passphrase = passphrase
        self._all = {name: self._site(name) for name in names}
        self.sites = dict(self._all)
        self._beginnings = {name: self.backup(name) for name in names}

    def begin(self, names: str) -> None:
        """Put some sites back to their beginning, each with a repository for each other one, and empty the stick."""
        self.sites = {name: self._all[name] for name in names}
        self.stick.lose()
        for name in names:
            self.restore(name, self._beginnings[name])
            for other in names:
                if other != name:
                    self._repository(self.sites[name], other)

    def _site(self, name: str) -> SampleSite:
        folder = self.folder / name
        (folder / "private").mkdir(parents=True)
        (folder / "private" / "appconfig.ini").write_text(
            f"[sync]\nfolder_roots = {self.stick.folder}\npage_size = {self.page}\nretry_delay = 0.01\n"
            f"[site]\nname = {name}\n"
        )
        return SampleSite(folder, IN_A_FILE, clock=self.clock)

    def _repository(self, site: SampleSite, other: str) -> None:
        key = site.db.sync_repository.insert(name=other, **self.place(site))
        self.agree(site, key, self.passphrase)
        for resource in (ORG, OFFICE):
            site.db.sync_task.insert(repository_id=key, resource_name=resource)
        site.db.commit()

    def place(self, site: SampleSite) -> dict[str, Any]:
        """Return what is stored of where they exchange."""
        return {"apitype": "stick", "path": str(self.stick.folder), "settings": {}}

    def agree(self, site: SampleSite, key: int, passphrase: str) -> None:
        """Enter a passphrase for a repository, "" for none."""
        sealed = site.vault.seal(passphrase) or ""
        former = site.db.sync_repository(key).settings
        site.db(site.db.sync_repository.id == key).update(**columns(former, {"passphrase": sealed}))
        site.db.commit()

    def key(self, name: str, other: str) -> int:
        """Return the repository of another site at a site."""
        site = self.sites[name]
        row = site.db(site.db.sync_repository.name == other).select().first()
        site.db.commit()
        return int(row.id)

    def run(self, order: str, other: str | None = None) -> list[dict[str, Any]]:
        """Let sites synchronise one after the other, each with all others or with one."""
        done = []
        for name in order:
            for each in [other] if other else [each for each in self.sites if each != name]:
                self.clock.step()
                done.append(synchronise._synchronize(self.sites[name], self.key(name, each), None, True))
        return done

    def meet(self) -> None:
        """Let two sites find each other."""
        first, *others = self.sites
        for name in (first, *others):
            for other in self.sites:
                if other != name:
                    site = self.sites[name]
                    introduce(site, self.key(name, other))
        for other in others:
            introduce(self.sites[first], self.key(first, other))

    def add(self, name: str, *uuids: str) -> None:
        """Make organisations at a site."""
        site = self.sites[name]
        for uuid in uuids:
            self.clock.step()
            site.db[ORG].insert(uuid=uuid, name=f"{uuid} of {name}")
        site.db.commit()

    def change(self, at: str, uuid: str, **values: Any) -> None:
        """Change an organisation at a site."""
        site = self.sites[at]
        self.clock.step()
        site.db(site.db[ORG].uuid == uuid).update(**values)
        site.db.commit()

    def state(self, name: str) -> dict[str, str]:
        """Return uuid -> name of the organisations that live at a site."""
        site = self.sites[name]
        rows = site.db(site.db[ORG].deleted != True).select()  # noqa: E712
        site.db.commit()
        return {row.uuid: row.name for row in rows}

    def received(self, name: str) -> dict[str, int]:
        """Return what the runs of a site have received so far: outcome -> number of records."""
        site = self.sites[name]
        runs = site.db(site.db.sync_run).select()
        site.db.commit()
        return {
            outcome: sum(run[outcome] or 0 for run in runs) for outcome in ("created", "updated", "unchanged")
        }

    def log(self, name: str) -> list[str]:
        """Return the messages in the log of a site."""
        site = self.sites[name]
        rows = site.db(site.db.sync_log).select(orderby=site.db.sync_log.id)
        site.db.commit()
        return [row.message for row in rows]

    def backup(self, name: str) -> sqlite3.Connection:
        """Return a copy of the database of a site."""
        site = self.sites[name]
        site.db.commit()
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        site.db._adapter.connection.backup(copy)
        return copy

    def restore(self, name: str, copy: sqlite3.Connection) -> None:
        """Put the database of a site back, and the file beside it: nothing there tells that it was restored."""
        site = self.sites[name]
        site.db.commit()
        copy.backup(site.db._adapter.connection)
        (site.folder / "private" / "journal.json").unlink(missing_ok=True)
