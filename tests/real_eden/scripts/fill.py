"""Runs inside an Eden: makes rows in every table, with values that the fields' own validators take.

They are made as an Eden's own forms make them: with entities, owners, and the callback of the table. A row or a
callback that fails is told. Nothing is made in tables of the site itself.
"""

import datetime
import io
import uuid

from gluon.storage import Storage

#: Of the site itself, or with accounts and passwords of it; asked for without a connection to elsewhere.
LEFT_OUT = ("auth_", "s3_", "s3dt_", "scheduler_", "sync_", "setup_", "gis_config")
TEXTS = (
    "{number} {table} {field}",
    "someone{number}@example.org",
    "http://example.org/{table}/{number}",
    "+46701234{number:03}",
    "{number}",
    "en",
    "EUR",
    "aabbc{number}",
    "#aabbc{number}",
    "POINT (1.5 2.5)",
    "10:00",
    "2026-01-0{number}",
    "{{}}",
    "X",
)
NUMBERS = (7, 1, 0, 50, 2020)
META = ("id", "uuid", "mci", "deleted", "deleted_fk", "deleted_rb", "created_on", "created_by", "modified_on")
META += ("modified_by", "approved_by", "owned_by_user", "owned_by_group", "realm_entity")
START = datetime.datetime(2025, 3, 4, 5, 6, 7)


def validators(field):
    """Return the validators of a field, without the one that lets it be empty."""
    found = field.requires or ()
    found = found if isinstance(found, (list, tuple)) else (found,)
    return [getattr(each, "other", None) or each for each in found]


def choices(field):
    """Return the values of a list from which one has to be chosen, None where there is none."""
    for each in validators(field):
        inner = each if isinstance(each, (list, tuple)) else (each,)
        for one in inner:
            listed = getattr(one, "options", None)
            if callable(listed):
                try:
                    return [key for key, _ in listed() if key not in ("", None)]
                except Exception:
                    return None
    return None


def first_taken(field, values):
    """Return the first of these that the validators of a field take, as they write it; None where they take none."""
    for value in values:
        try:
            taken, error = field.validate(str(value))
        except Exception:
            continue
        if not error:
            return taken
    return None


def first_taken_list(field, values):
    """Return the first of these lists that the validators of a field take, None where they take none."""
    for value in values:
        try:
            _, error = field.validate(value)
        except Exception:
            continue
        if not error:
            return value
    return None


def target_of(field):
    kind = str(field.type)
    for start in ("reference ", "list:reference "):
        if kind.startswith(start):
            return kind[len(start) :].split()[0].split(".")[0]
    return None


def value(table, field, number):
    """Return a value for a field that is no reference."""
    kind = str(field.type)
    listed = choices(field)
    if listed:
        chosen = listed[number % len(listed)]
        if kind == "integer":
            return int(chosen)
        return [chosen] if kind.startswith("list:") else chosen
    if kind in ("string", "text"):
        words = {"table": table._tablename, "field": field.name, "number": number}
        longest = field.length if kind == "string" else None
        return first_taken(field, [each.format(**words)[:longest] for each in TEXTS])
    if kind in ("integer", "bigint"):
        return first_taken(field, [number + each for each in NUMBERS])
    if kind in ("double", "decimal") or kind.startswith("decimal"):
        return first_taken(field, [number + 0.5, 0.5, 1, 0])
    moment = START + datetime.timedelta(days=number)
    simple = {
        "boolean": bool(number % 2),
        "date": moment.date(),
        "datetime": moment,
        "time": moment.time(),
        "json": {"number": number},
        "list:string": [f"text {number}"],
        "list:integer": [number],
    }
    if kind.startswith("list:"):
        return first_taken_list(field, [simple[kind]]) if kind in simple else None
    if kind == "upload":
        return field.store(io.BytesIO(b"a file of %d" % number), f"file {number}.txt")
    return simple.get(kind)


def rows_of(name):
    """Return keys of records of a table, the newest first."""
    table = db[name]
    query = table.deleted == False if "deleted" in table.fields else table._id > 0  # noqa: E712
    return [row[table._id] for row in db(query).select(table._id, orderby=~table._id, limitby=(0, 4))]


def entities(name):
    found = s3db.get_config(name, "super_entity") or ()
    found = found if isinstance(found, (list, tuple)) else (found,)
    return [getattr(each, "_tablename", each) for each in found]


def references(table):
    """Return the fields that refer to others, but for a record's own entities and for accounts."""
    own = {s3db.super_key(s3db.table(each)) for each in entities(table._tablename) if s3db.table(each)}
    found = {}
    for field in table:
        target = target_of(field)
        skipped = field.name in own or field.name in META or field.name not in table.fields
        if target and not skipped and not target.startswith(LEFT_OUT) and target in db.tables:
            found[field.name] = target
    return found


def is_needed(field):
    """Return whether a record without a value in this field would be refused."""
    if field.notnull:
        return True
    asked = field.requires if isinstance(field.requires, (list, tuple)) else [field.requires]
    empty = [each for each in asked if each]
    return bool(empty) and not any(
        "EMPTY_OR" in type(each).__name__ or hasattr(each, "other") for each in empty
    )


def in_order(names):
    """Return the tables, those first to which others refer, or which they at least need."""
    left, done = list(names), []

    def waits(name, needed_only):
        return any(
            target in left and target != name and (not needed_only or is_needed(db[name][field]))
            for field, target in references(db[name]).items()
        )

    while left:
        ready = [each for each in left if not waits(each, False)]
        ready = ready or [each for each in left if not waits(each, True)][:1] or left[:1]
        done += ready
        left = [each for each in left if each not in ready]
    return done


def allowed(name, record):
    """Return a record as its form would store it: without what the table's own rules refuse.

    Raises:
        ValueError: they refuse all of it.
    """
    for _ in record:
        form = Storage(vars=Storage(record), errors=Storage())
        s3db.onvalidation(name, form)
        if not form.errors:
            return {field: value for field, value in form.vars.items() if field in db[name].fields}
        astray = [field for field in form.errors if field in record and not is_needed(db[name][field])]
        if not astray:
            break
        record = {field: value for field, value in record.items() if field not in astray}
    raise ValueError(str(dict(form.errors)))


def make(name, number):
    """Make a record as a form of an Eden does."""
    table, record = db[name], {"uuid": uuid.uuid4().urn}
    refers = references(table)
    own = {s3db.super_key(s3db.table(each)) for each in entities(name) if s3db.table(each)}
    for field in table:
        skipped = field.name in META or field.name in own or field.name not in table.fields
        if skipped or field.name == table._id.name:
            continue
        if field.name in refers:
            known = rows_of(refers[field.name]) if refers[field.name] != name else []
            if known:
                chosen = known[number % len(known)]
                record[field.name] = [chosen] if str(field.type).startswith("list:") else chosen
        elif target_of(field) is None and str(field.type) not in ("blob", "password"):
            made = value(table, field, number)
            if made is not None:
                record[field.name] = made
    lacking = [
        field.name
        for field in table
        if field.name not in (*record, *META, *own)
        and field.name in table.fields
        and field.default is None
        and is_needed(field)
    ]
    if lacking:
        raise ValueError(f"nothing fits: {lacking}")
    record = allowed(name, record)
    key = table.insert(**record)
    record["id"] = key
    s3db.update_super(table, record)
    auth.s3_set_record_owner(table, key)
    db.commit()
    return record


auth.s3_impersonate(asked["account"])
auth.override = True
s3db.load_all_models()
wanted = [
    name
    for name in db.tables
    if {"uuid", "modified_on", "id"} <= set(db[name].fields)
    and "instance_type" not in db[name].fields
    and not name.startswith(LEFT_OUT)
]
order, told = in_order(wanted), {"made": {}, "refused": {}, "callbacks": {}}
for number in asked["numbers"]:
    for name in order:
        try:
            record = make(name, number)
        except Exception as error:
            db.rollback()
            told["refused"][f"{name} {number}"] = f"{type(error).__name__}: {error}"
            continue
        told["made"][name] = told["made"].get(name, 0) + 1
        try:
            s3db.onaccept(db[name], record, method="create")
            db.commit()
        except Exception as error:
            db.rollback()
            told["callbacks"][name] = f"{type(error).__name__}: {error}"
answer(told)
