"""Super-entities: one common key for records of several tables, kept up to date by the tables' callbacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable

from gluon import Field

from s3sync.ui.choice import Choice

if TYPE_CHECKING:
    from .datamodel import S3DataModel


class SuperEntities:
    """The super tables of one data model."""

    def __init__(self, s3db: S3DataModel) -> None:
        self._s3db = s3db
        self.keys: dict[str, str] = {}
        self.types: dict[str, Mapping[str, Any]] = {}

    def define(
        self,
        name: str,
        key: str,
        types: Mapping[str, Any],
        fields: Sequence[Callable[[], Field]],
    ) -> None:
        """Declare a super table; see ``S3DataModel.super_entity``."""
        self.keys[name] = key
        self.types[name] = types

        def columns() -> list[Field]:
            return [
                Field(key, "id"),
                Field("instance_type", length=64, writable=False, requires=Choice(dict(types))),
                # As Eden declares it; constraints.py drops the index again.
                Field("uuid", length=128, notnull=True, unique=True, writable=False, requires=None),
                Field("deleted", "boolean", default=False, writable=False, readable=False),
            ] + [make() for make in fields]

        self._s3db.configure(name, super_table=True)
        self._s3db.define_table(name, columns, meta=False)

    def shared_fields(self, supertable: str, table: Any) -> list[str]:
        """Return the columns of the super table that the instance table has as well, as its own data."""
        key = self.keys[supertable]
        ours = self._s3db[supertable].fields
        return [name for name in ours if name in table.fields and name not in (key, "id")]

    def attach(self, table: Any) -> None:
        """Keep the super rows of a newly defined table up to date with every write through pydal.

        Each write checks whether the table is an instance: tables are configured after their definition.
        """

        def inserted(row: Any, record_id: Any) -> None:
            self._update(table, dict(row.items(), id=int(record_id)), is_new=True)

        def updating(dbset: Any, row: Any) -> None:
            for entity in self._s3db.get_super_entities(table):
                key = self.keys[entity]
                values = {name: row.get(name) for name in self.shared_fields(entity, table) if name in row}
                if values:
                    supertable = self._s3db[entity]
                    keys = dbset.select(table[key]).column(table[key])
                    dbset.db(supertable._id.belongs([one for one in keys if one])).update(**values)

        table._after_insert.append(inserted)
        table._before_update.append(updating)

    def update(self, table: Any, record: Any) -> bool:
        """Create or update the super rows of a record; see ``S3DataModel.update_super``."""
        return self._update(table, record, is_new=False)

    def _update(self, table: Any, record: Any, *, is_new: bool) -> bool:
        db = self._s3db.db
        entities = self._s3db.get_super_entities(table)
        if not entities:
            return False
        wanted = {name for one in entities for name in self.shared_fields(one, table)}
        wanted |= {self.keys[one] for one in entities}
        if not wanted <= set(record.keys()):
            stored = db(table._id == record["id"]).select(*[table[name] for name in wanted]).first()
            if stored is None:
                return True
            values = stored.as_dict()
        else:
            values = {name: record[name] for name in wanted}
        new_keys: dict[str, int] = {}
        for entity in entities:
            supertable, key = self._s3db[entity], self.keys[entity]
            shared = {name: values[name] for name in self.shared_fields(entity, table)}
            shared["instance_type"] = table._tablename
            if not values[key] or not db(supertable._id == values[key]).update(**shared):
                # A record may have lost its key. A new one had none, and the look-up would read the whole table.
                left = (
                    None if is_new else db(supertable.uuid == shared["uuid"]).select(supertable._id).first()
                )
                if left is None:
                    new_keys[key] = int(supertable.insert(**shared))
                else:
                    new_keys[key] = left[key]
                    db(supertable._id == left[key]).update(**shared)
        if new_keys:
            # This is no edit: time and author of the record stay.
            kept = {name: table[name] for name in ("modified_on", "modified_by")}
            db(table._id == record["id"]).update_naive(**new_keys, **kept)
            for key, value in new_keys.items():
                record[key] = value
        return True

    def mark_deleted(self, table: Any, record: Any) -> bool:
        """Mark the super rows of a record as deleted; see ``S3DataModel.delete_super``."""
        entities = self._s3db.get_super_entities(table)
        for entity in entities:
            supertable, key = self._s3db[entity], self.keys[entity]
            value = record.get(key)
            if value:
                self._s3db.db(supertable._id == value).update(deleted=True)
        return bool(entities)
