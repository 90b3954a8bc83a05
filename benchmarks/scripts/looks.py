"""Runs inside the application: says what it adds to look for what nobody wrote down.

An import of edited records, and an edit by hand, look whether somebody wrote past the journal (``notice``); an export
of deleted records tells what is known of their deletions (``marks``). Each is done with and without that, in turns.
Returns the least user CPU time of a record of each in seconds.
"""

import io
import json
import os
import resource
import sys

from gluon import current

from applications.eden.modules.s3sync.core.policy import Policy, Terms
from applications.eden.modules.s3sync.database.deletions import SqlDeletions
from applications.eden.modules.s3sync.database.journal import SqlJournal
from applications.eden.modules.s3sync.exchange.exporter import ExportRequest

arguments = json.loads(sys.argv[-1])
site, name, page = current.sync_site, arguments["table"], arguments["page"]
table = s3db[name]
TERMS = Terms(update_policy=Policy.OTHER, conflict_policy=Policy.OTHER)
TOGETHER = 100
least = {}


def spent():
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def take(what, count, work):
    """Do work; remember the user CPU time of a record if it is the least so far."""
    began = spent()
    work()
    db.commit()
    least[what] = min(least.get(what, 1e9), (spent() - began) / count)


def exported(after=0, limit=None):
    out = io.BytesIO()
    request = ExportRequest(name, after=after, limit=limit, paged=True)
    return out, site.exporter.export(out, request)


def imported(content):
    with site.document(io.BytesIO(content), name) as read:
        with site.store.transaction():
            return site.importer.import_page(read, TERMS, site.context(None, None)).counts


def edits(turn):
    for number, key in enumerate(keys[: TOGETHER * 10], start=1):
        db(table.id == key).update(phone=f"+977 {turn} {key:07}")
        if number % TOGETHER == 0:
            db.commit()


def both(what, owner, method, instead, count, work):
    """Do work as it is, and without a method."""
    usual = getattr(owner, method)
    take(what, count, work)
    setattr(owner, method, instead)
    try:
        take(f"{what} without", count, work)
    finally:
        setattr(owner, method, usual)


def nothing_noticed(self, table, keys):
    return None


def nothing_told(self, table, keys):
    return {}


keys = [row.id for row in db(table.id > 0).select(table.id, orderby=table.id, limitby=(0, page))]
content = exported(limit=page)[0].getvalue()
turns = iter(range(1, 1000))


def import_edited():
    values = content.replace(b'<data field="comments">', b'<data field="comments">%d ' % next(turns))
    counts = imported(values)
    if not counts.get("updated"):
        raise ValueError(f"nothing was edited: {counts}")


def import_unchanged():
    imported(unchanged)


for _ in range(arguments["turns"]):
    both("import, edited", SqlJournal, "notice", nothing_noticed, page, import_edited)
    unchanged = exported(limit=page)[0].getvalue()
    both("import, unchanged", SqlJournal, "notice", nothing_noticed, page, import_unchanged)
    both("edit by hand", SqlJournal, "notice", nothing_noticed, TOGETHER * 10, lambda: edits(next(turns)))
known = site.schema.table(name)
take("notice", len(keys), lambda: site.journal.notice(known, keys))
head = site.journal.head()
take("deletion", len(keys), lambda: s3db.delete(table, keys))
for _ in range(arguments["turns"]):
    both("export, deleted", SqlDeletions, "marks", nothing_told, page, lambda: exported(after=head))
take("marks", len(keys), lambda: site.deletions.marks(name, keys))
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(least, output)
