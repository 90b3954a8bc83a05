"""Runs inside an Eden with Eden Sync: asks each function for duplicates for a record that is there, without its uuid.

Told are, for each table with such a function, the key of the record, and what was found or how it failed.
"""

from s3sync.core.schema import META_FIELDS, Candidate
from s3sync.site import Site

site = Site.from_current()
site.host.act_for_the_site()
found = {}
for told in site.schema:
    if told.finds is None:
        continue
    table = site.host.table(told.name)
    row = db(table.deleted == False).select(orderby=table.id, limitby=(0, 1)).first()  # noqa: E712
    if row is None:
        continue
    values = {name: row[name] for name in told.fields if name not in META_FIELDS and row[name] is not None}
    try:
        answered = told.finds(Candidate(None, values))
    except Exception as error:
        db.rollback()
        found[told.name] = [row.id, repr(error)]
    else:
        found[told.name] = [row.id, answered.refused or answered.key]
answer(found)
