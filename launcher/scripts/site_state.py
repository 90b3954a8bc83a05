"""Runs inside the application: what the site knows, as digests that two equal sites have in common.

Contents are compared, not rows: references count by the uuid of the record they lead to, files by name and
content, and what every site decides for itself (keys, users, owners, computed columns) does not count.
Nothing of the synchronisation is used, so that the comparison is a check of it. Arguments: the tables;
their components are added.
"""

import hashlib
import json
import os
import sys

OWN = {"id", "mci", "deleted", "deleted_fk", "deleted_rb", "created_on", "approved_by", "realm_entity"}
OWN |= {"created_by", "modified_by", "owned_by_user", "owned_by_group"}


def target_of(field):
    """The table that a reference or a list of references leads to, None for other fields."""
    kind, _, target = str(field.type).partition(" ")
    return target.partition(".")[0] if kind in ("reference", "list:reference") else None


def uuids_of(tablename):
    """key -> uuid of a table, also of a super-entity."""
    table = s3db[tablename]
    return {row[table._id.name]: row.uuid for row in db(table._id > 0).select(table._id, table.uuid)}


def content_of(field, value, targets):
    """A field's value as something that JSON can hold and that is the same at every site."""
    if value is None or value == "" or value == []:
        return None
    target = target_of(field)
    if target:
        known = targets[target]
        if isinstance(value, (list, tuple)):
            return sorted(known.get(int(one), "?") for one in value)
        return known.get(int(value), "?")
    if field.type == "upload":
        name, stream = field.retrieve(value)
        with stream:
            return [name, hashlib.sha256(stream.read()).hexdigest()]
    return value


def contents_of(tablename):
    """uuid -> digest of the live records of a table."""
    table = s3db[tablename]
    left_out = OWN | set(s3db.get_super_keys(table))
    for key in ("computed_fields", "local_fields"):
        left_out |= set(s3db.get_config(table, key) or ())
    fields = [field for field in table if field.name not in left_out]
    targets = {}
    for field in fields:
        target = target_of(field)
        if target and target not in targets:
            targets[target] = uuids_of(target) if "uuid" in s3db[target].fields else {}
    found = {}
    for row in db(table.deleted != True).select(*fields):  # noqa: E712 - a query, not a comparison
        content = {field.name: content_of(field, row[field.name], targets) for field in fields}
        text = json.dumps(content, sort_keys=True, default=str)
        found[row.uuid] = hashlib.sha256(text.encode()).hexdigest()
    return found


def conflicts_of(tablename):
    """Number of versions that lost a conflict, kept at this site."""
    if "sync_kept" not in db.tables:
        return 0
    kept = db.sync_kept
    return db((kept.tablename == tablename) & (kept.kind == "conflict")).count()


tables = list(sys.argv[1:])
for name in sys.argv[1:]:
    tables += [component.tablename for component in s3db.get_components(name).values()]
state = {
    name: {"contents": contents_of(name), "conflicts": conflicts_of(name)} for name in dict.fromkeys(tables)
}
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(state, output)
