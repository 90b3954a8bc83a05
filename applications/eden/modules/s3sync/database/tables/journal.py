"""Tables of the journal."""

from __future__ import annotations

from typing import Any

from pydal import Field

from ...core.clock import Clock
from .fields import declare


def define_journal(db: Any, clock: Clock) -> None:
    """Define the journal and its tables; the modules of ``database`` write them without pydal."""
    declare(
        db,
        "sync_journal",
        lambda: [
            Field("tablename", length=64, notnull=True),
            Field("record_id", "integer", notnull=True),
            # The last position of the record or one of its components, and who brought that change.
            Field("seq", "bigint", notnull=True),
            Field("origin", "integer"),
            # The same for the record alone: a change of a component is no conflict of its master.
            Field("changed_seq", "bigint", notnull=True),
            Field("changed_origin", "integer"),
            Field("modified_on", "datetime"),
        ],
    )
    declare(
        db,
        "sync_journal_state",
        lambda: [
            Field("identity", length=64, notnull=True),
            Field("head", "bigint", notnull=True, default=0),
            Field("created_on", "datetime", default=clock.now),
        ],
    )
    declare(
        db,
        "sync_watermark",
        lambda: [
            Field("tablename", length=64, notnull=True, unique=True),
            Field("last_id", "bigint", notnull=True, default=0),
            Field("modified_on", "datetime"),
        ],
    )
    declare(
        db,
        "sync_change",
        lambda: [
            Field("tablename", length=64, notnull=True),
            Field("record_id", "integer", notnull=True),
            # The stamp: milliseconds since 1970 (UTC), and the site where the edit was made.
            Field("time", "bigint", notnull=True),
            Field("site", length=64, notnull=True),
            Field("by_email", length=255, notnull=True, default=""),
            # who brought it, None for a change made here
            Field("repository_id", "integer"),
            Field("kind", length=16, notnull=True),
            # JSON: name of each field -> its former value in a list, or an empty list
            Field("former", "text", notnull=True),
            # JSON: the stamps that a decision settles, None for none
            Field("settled", "text"),
            # of the journal: the record's change that this is a part of
            Field("position", "bigint"),
            Field("noted_on", "datetime"),
        ],
    )
    declare(
        db,
        "sync_deletion",
        lambda: [
            Field("tablename", length=64, notnull=True),
            Field("record_id", "integer", notnull=True),
            # By the clock of the site where it was made.
            Field("deleted_on", "datetime"),
            Field("by_email", length=255, notnull=True, default=""),
            Field("site", length=64, notnull=True, default=""),
            # who brought it, None for a deletion made here
            Field("repository_id", "integer"),
            # the record whose deletion took this one along, None if it was deleted itself
            Field("along_table", length=64),
            Field("along_id", "integer"),
            # whether that is known, or found by the times of both
            Field("certain", "boolean", default=True),
            Field("state", length=16, notnull=True),
            # JSON: "table.field" -> keys of records whose reference to it was emptied
            Field("emptied", "text"),
            # JSON: unique values that it gave up because another record got them
            Field("vacated", "text"),
            Field("name", length=255, notnull=True, default=""),
            Field("noted_on", "datetime"),
        ],
    )
    declare(
        db,
        "sync_checkpoint",
        lambda: [
            Field("repository_id", "integer", notnull=True),
            Field("tablename", length=64, notnull=True),
            # "serve" and "receive": what we sent to the peer when it pulled and pushed; "eden": how far an Eden has
            # pulled; "pull" and "push": how far our own runs have come; "standing": what was told of all resources.
            Field("direction", length=8, notnull=True),
            Field("state", "text"),
            Field("modified_on", "datetime", default=clock.now, update=clock.now),
        ],
    )
