"""A site's data model without a web server: many sites can live in one process."""

from __future__ import annotations

import datetime
import os
from typing import Any, Callable

from gluon.storage import Storage

from s3.data_model.clock import utcnow
from s3.data_model.datamodel import S3DataModel
from s3.database.connect import connect
from s3.database.constraints import loosen
from s3.database.schema_gate import create_indices
from s3.settings import S3Settings
from s3db import FAMILIES, load


class OpenAuth:
    """Stands in for Auth: somebody who may do everything (or nothing)."""

    def __init__(self, user: Any = None, allowed: bool = True) -> None:
        self.user = user
        self.allowed = allowed

    def s3_impersonate(self, user_id: int | None) -> bool:
        return user_id is not None

    def s3_logged_in(self) -> bool:
        return self.user is not None

    def s3_has_role(self, role: Any) -> bool:
        return self.allowed

    @property
    def permission(self) -> Any:
        return Storage(has_permission=lambda method, c=None, f=None: self.allowed)

    def get_system_roles(self) -> Any:
        return Storage(ADMIN=1)

    def s3_has_permission(self, method: str, table: Any, record_id: Any = None) -> bool:
        return self.allowed


def open_environment(
    folder: str,
    uri: str = "sqlite://storage.sqlite",
    families: tuple[str, ...] = FAMILIES,
    now: Callable[[], datetime.datetime] = utcnow,
    migrate: bool = True,
) -> dict[str, Any]:
    """Open a site's database with Eden's tables, outside web2py.

    Args:
        folder: a folder of its own; gets databases/ and uploads/.
        uri: pydal connection string; "sqlite:memory" is fastest, a file lasts.
        families: resource families whose tables are wanted (with what they build on).
        now: the site's clock, UTC.
        migrate: False if the tables are there already (the database was copied together with databases/).

    Returns:
        db, s3db, settings, auth, T and the clock ``now``, as models have them.
    """
    databases = os.path.join(folder, "databases")
    os.makedirs(databases, exist_ok=True)
    os.makedirs(os.path.join(folder, "uploads"), exist_ok=True)
    settings = S3Settings(folder)
    db = connect(uri, databases, pool_size=0, migrate=migrate)
    auth = OpenAuth()
    s3db = S3DataModel(db, settings, user_id=lambda: auth.user.id if auth.user else None, now=now)
    load(s3db, *families)
    if migrate:
        loosen(db)
        create_indices(db)
        db.commit()
    return {"db": db, "s3db": s3db, "settings": settings, "auth": auth, "T": str, "now": now}
