"""The stage for stories in the browser: headquarters and a field office, each with records of its own."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


_CONNECT = """
from applications.eden.modules.s3sync.active.registration import introduce
from applications.eden.modules.s3sync.scheduler import jobs
site = current.sync_site
key = db.sync_repository.insert(
    name="Headquarters", url={url!r}, username={peer!r}, password=site.vault.seal({secret!r}))
db.commit()
found = introduce(site, key)
assert found.error is None, found.error
for resource in {resources!r}:
    db.sync_task.insert(repository_id=key, resource_name=resource)
jobs.add_job(site, key, None, period=2, timeout=600)
db.commit()
"""


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
        told = {"url": self.headquarters.url, "peer": PEER, "secret": SECRET, "resources": resources}
        self.field.run(_CONNECT.format(**told))
        self.headquarters.run('db(db.sync_repository).update(name="Field office")\ndb.commit()')

    def tickets(self) -> list[str]:
        """Return the errors of both sites."""
        return self.headquarters.tickets() + self.field.tickets()


@contextlib.contextmanager
def staged(folder: Path, populate: bool = True) -> Iterator[Stage]:
    """Start both sites.

    Args:
        folder: where they write.
        populate: whether they have the records of the demonstration.
    """

    def prepare(side: str) -> str:
        code = _POPULATE if populate else _POPULATE.replace("populate(globals(), {side!r})\n", "")
        return code.format(side=side, peer=PEER, secret=SECRET, clerk=CLERK, password=PASSWORD)

    with contextlib.ExitStack() as stack:
        sites = []
        for side in ("headquarters", "field"):
            home = folder / side
            home.mkdir(parents=True, exist_ok=True)
            sites.append(stack.enter_context(running_site(home / "site", prepare(side))))
        yield Stage(sites[0], sites[1], folder)


def told(site: WebSite, expression: str) -> Any:
    """Return the value of a Python expression in the site's models, as JSON brings it over."""
    printed = site.run(f"import json\nprint('TOLD' + json.dumps({expression}, default=str))")
    return json.loads(printed.partition("TOLD")[2].splitlines()[0])
