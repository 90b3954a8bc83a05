"""Runs inside an Eden: tells its data model, by names and kinds alone, without code and without records."""

import json
import os

#: What pydal puts where there is none.
NO_VALIDATOR = "DefaultValidatorProxy"


def names(found):
    """Return the names of tables that are given as such, or as tables, or in a list."""
    listed = found if isinstance(found, (list, tuple, set)) else [found]
    return [str(getattr(each, "_tablename", each)) for each in listed if each is not None]


def field_facts(field):
    """Return name, type, length, and what a database has to know of a field."""
    kind = getattr(field.type, "type", None) or getattr(field.type, "_tablename", None)
    if kind is not None and hasattr(field.type, "_tablename"):
        kind = f"reference {kind}"
    validators = field.requires if isinstance(field.requires, (list, tuple)) else [field.requires]
    return [
        field.name,
        str(kind or field.type),
        field.length,
        bool(field.notnull),
        bool(field.unique),
        str(field.ondelete or ""),
        field.default is not None,
        [type(each).__name__ for each in validators if each and type(each).__name__ != NO_VALIDATOR],
    ]


def rule_facts(rule):
    """Return the rule for duplicates: fields, or that it is a function."""
    if rule is None:
        return None
    if not hasattr(rule, "primary"):
        return "function"
    return {key: sorted(getattr(rule, key, None) or ()) for key in ("primary", "secondary")}


def component_facts(each):
    """Return how a component joins its master."""
    link = getattr(each, "linktable", None)
    filtered = getattr(each, "filterby", None)
    return {
        "tablename": each.tablename,
        "pkey": each.pkey,
        "fkey": each.fkey,
        "multiple": bool(each.multiple),
        "filterby": None if filtered is None else True,
        "linktable": None if link is None else str(getattr(link, "_tablename", link)),
    }


CALLBACKS = [
    f"{prefix}{name}"
    for name in ("onvalidation", "onaccept", "ondelete", "realm_entity")
    for prefix in ("", "create_", "update_")
]
s3db.load_all_models()
told = {}
for name in sorted(db.tables):
    table = db[name]
    entities = names(s3db.get_config(name, "super_entity"))
    told[name] = {
        "key": table._id.name,
        "fields": [field_facts(field) for field in table if field.name in table.fields],
        "super_entity": entities,
        "deduplicate": rule_facts(s3db.get_config(name, "deduplicate")),
        "callbacks": [each for each in CALLBACKS if s3db.get_config(name, each)],
        "components": {
            str(alias): component_facts(each) for alias, each in (s3db.get_components(name) or {}).items()
        },
    }
db.rollback()
with open(os.environ["EDEN_SYNC_RESULT"], "w", encoding="utf-8") as output:
    json.dump({"tables": told}, output)
