"""Runs inside an Eden with Eden Sync: tells the records of all tables that are exchanged, as far as they travel.

References are told by the identifiers of the records that they lead to. What each site works out itself is told apart.
"""

from s3sync.site import Site

schema = Site.from_current().schema
tables = {each.name: db[each.name] for each in schema}
twins = {}
for row in db(db.sync_twin.record_id > 0).select():
    twins.setdefault((row.tablename, row.record_id), []).append(row.uuid)


def name_of(table, key, identifier):
    """Return under which identifier a record is told: sites may know one under several."""
    return min([str(identifier), *twins.get((table, key), ())])


identifiers = {
    name: {
        row[table._id]: name_of(name, row[table._id], row[table.uuid])
        for row in db((table._id > 0) & (table.uuid != None)).select(table._id, table.uuid)  # noqa: E711
    }
    for name, table in tables.items()
    if "uuid" in table.fields
}
for each in schema:
    for key, entity in each.super_keys.items():
        for row in db(tables[each.name]._id > 0).select(tables[each.name]._id, tables[each.name][key]):
            if row[key] in identifiers.get(entity, ()):
                identifiers[entity][row[key]] = identifiers[each.name][row.id]


def told(field, value):
    """Return a value in a form that is the same at both sites."""
    if value is None or value in ("", [], {}):
        return None
    if field.target is None:
        return value if isinstance(value, (int, float, str, bool, list, dict)) else str(value)
    known = identifiers.get(field.target, {})
    if isinstance(value, (list, tuple)):
        return sorted(str(known.get(each)) for each in value)
    return known.get(int(value), f"unknown {value}")


found = {}
for each in schema:
    if each.is_super:
        continue
    table = tables[each.name]
    fields = each.data_fields()
    for row in db((table._id > 0) & (table.uuid != None)).select():  # noqa: E711 - an SQL expression
        values = {
            field.name: told(field, row[field.name]) for field in fields if field.name not in each.computed
        }
        values["deleted"] = bool(row.deleted)
        if row.deleted:
            values = {"deleted": True}
        else:
            values["modified_on"] = str(row.modified_on)
        found.setdefault(each.name, {})[identifiers[each.name][row[table._id]]] = values
db.rollback()
answer(found)
