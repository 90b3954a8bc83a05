"""Eden's tables, one module a resource family. Each family's ``define(s3db)`` declares its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from s3.data_model.datamodel import S3DataModel


def load(s3db: S3DataModel, *families: str) -> None:
    """Declare the tables of families and of what they build on; each only once.

    Args:
        s3db: the site's data model.
        families: names of modules in this package, such as "org".

    Raises:
        KeyError: if there is no such family.
    """
    from . import auth as auth
    from . import cr as cr
    from . import doc as doc
    from . import event as event
    from . import gis as gis
    from . import hms as hms
    from . import hrm as hrm
    from . import org as org
    from . import pr as pr

    known = {
        "auth": (auth, ()),
        "gis": (gis, ("auth",)),
        "pr": (pr, ("gis",)),
        "org": (org, ("pr",)),
        "hrm": (hrm, ("org",)),
        "doc": (doc, ("org",)),
        "cr": (cr, ("org",)),
        "hms": (hms, ("org",)),
        "event": (event, ("org",)),
    }
    for name in families:
        if name in s3db.families:
            continue
        module, needed = known[name]
        load(s3db, *needed)
        s3db.families.add(name)
        module.define(s3db)


#: Families of a complete site, in the order in which their tables can be created.
FAMILIES = ("auth", "gis", "pr", "org", "doc", "hrm", "cr", "hms", "event")
