"""The stage for stories in the browser: headquarters and a field office, each with records of its own."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s3sync.core.task import Mode
from tests.support.true_words import check_running_sites
from tests.support.webserver import PASSWORD, WebSite, running_site, worker

#: The account of the field office at headquarters.
PEER, SECRET = "field@example.org", "the-secret-of-the-field-office"
#: Somebody who is no administrator.
CLERK = "clerk@example.org"

_POPULATE = """
from applications.eden.modules.s3db.demo import populate
from applications.eden.modules.s3db.setup import create_user
populate(globals(), {side!r})
create_user(globals(), {peer!r}, {secret!r}, roles=("Synchronization",))
create_user(globals(), {clerk!r}, {password!r})
"""


_INTRODUCE = """
from applications.eden.modules.s3sync.active.registration import introduce
site = current.sync_site
key = db.sync_repository.insert(
    name={name!r}, url={url!r}, username={peer!r}, password=site.vault.seal({secret!r}))
db.commit()
found = introduce(site, key)
assert found.error is None, found.error
for resource in {resources!r}:
    db.sync_task.insert(repository_id=key, resource_name=resource, mode={mode!r})
db.commit()
print("INTRODUCED", key)
"""

_SCHEDULE = """
from applications.eden.modules.s3sync.scheduler import jobs
jobs.add_job(current.sync_site, {key!r}, None, period=2, timeout=600)
db.commit()
"""


@dataclass(frozen=True)
class Link:
    """What a site has of another one, which it asks.

    Attributes:
        site: the site that asks.
        key: of its repository.
    """

    site: WebSite
    key: int

    def run(self) -> None:
        """Synchronise once, as a worker does when a person has asked for it."""
        self.site.run(f"sync_synchronize({self.key}, manual=True)\ndb.commit()")
        check_running_sites()

    def schedule(self) -> None:
        """Synchronise every two seconds, as long as a worker runs."""
        self.site.run(_SCHEDULE.format(key=self.key))


def linked(
    site: WebSite, own_name: str, other: WebSite, other_name: str, *resources: str, mode: Mode = Mode.BOTH
) -> Link:
    """Let a site ask another one, which has the account PEER; each calls the other by name.

    Args:
        site, own_name: the site that asks, and what it is called at the other one.
        other, other_name: the one that answers, and what it is called here.
        resources: what they exchange.
        mode: in which directions.
    """
    told = {"name": other_name, "url": other.url, "peer": PEER, "secret": SECRET, "resources": resources}
    printed = site.run(_INTRODUCE.format(**told, mode=int(mode)))
    rename = "last = db(db.sync_repository).select(orderby=~db.sync_repository.id).first()\n"
    other.run(f"{rename}last.update_record(name={own_name!r})\ndb.commit()")
    return Link(site, int(printed.partition("INTRODUCED")[2].split()[0]))


@dataclass(frozen=True)
class Stage:
    """Two running sites.

    Attributes:
        headquarters: answers.
        field: the local site, whose administrator connects it.
        folder: for what is written on the way.
    """

    headquarters: WebSite
    field: WebSite
    folder: Path

    def worker(self) -> "contextlib.AbstractContextManager[Any]":
        """Run a worker of the field office."""
        return worker(self.field, self.folder / "worker.log")

    def connect(self, *resources: str) -> None:
        """Let the field office exchange resources with headquarters every two seconds; each calls the other by name."""
        linked(self.field, "Field office", self.headquarters, "Headquarters", *resources).schedule()

    def tickets(self) -> list[str]:
        """Return the errors of both sites."""
        return self.headquarters.tickets() + self.field.tickets()


def prepared(side: str | None = None) -> str:
    """Return the code that gives a site the accounts PEER and CLERK.

    Args:
        side: whose records of the demonstration it gets besides.
    """
    code = _POPULATE if side else _POPULATE.replace("populate(globals(), {side!r})\n", "")
    return code.format(side=side, peer=PEER, secret=SECRET, clerk=CLERK, password=PASSWORD)


@contextlib.contextmanager
def staged(folder: Path, populate: bool = True) -> Iterator[Stage]:
    """Start both sites.

    Args:
        folder: where they write.
        populate: whether they have the records of the demonstration.
    """

    with contextlib.ExitStack() as stack:
        sites = []
        for side in ("headquarters", "field"):
            home = folder / side
            home.mkdir(parents=True, exist_ok=True)
            sites.append(
                stack.enter_context(running_site(home / "site", prepared(side if populate else None)))
            )
        yield Stage(sites[0], sites[1], folder)


def told(site: WebSite, expression: str) -> Any:
    """Return the value of a Python expression in the site's models, as JSON brings it over."""
    printed = site.run(f"import json\nprint('TOLD' + json.dumps({expression}, default=str))")
    return json.loads(printed.partition("TOLD")[2].splitlines()[0])
