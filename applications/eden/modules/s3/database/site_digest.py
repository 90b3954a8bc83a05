"""Compares sites: counts and digests of the data that synchronisation makes equal."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..data_model.datamodel import reference_target
from ..data_model.metafields import META_FIELDS

if TYPE_CHECKING:
    from ..data_model.datamodel import S3DataModel

#: Meta-fields that are equal at all sites. Times of creation, users and ``mci`` may differ.
_COMPARED_META = ("uuid", "deleted", "modified_on")


@dataclass(frozen=True)
class ResourceDigest:
    """The state of one table.

    Attributes:
        live: number of records that are not deleted.
        digest: hexadecimal digest of all records' content; equal content gives equal digests everywhere.
    """

    live: int
    digest: str


def resource_tables(s3db: S3DataModel) -> list[str]:
    """Return the tables whose records can travel: those with meta-fields that are not protected."""
    return [
        name
        for name in s3db.declared_tables()
        if not s3db.get_config(name, "protected") and "deleted_fk" in s3db[name].fields
    ]


def site_digest(
    s3db: S3DataModel,
    tables: Iterable[str] | None = None,
    upload_folder: str | None = None,
    with_times: bool = True,
) -> dict[str, ResourceDigest]:
    """Return a digest of every resource.

    Args:
        s3db: the site's data model.
        tables: names of tables; by default all whose records can travel.
        upload_folder: folder of the files of upload fields; without it their content is left out.
        with_times: include ``modified_on``.
    """
    names = list(tables) if tables is not None else resource_tables(s3db)
    uuids = _Identifiers(s3db)
    return {name: _digest(s3db, name, uuids, upload_folder, with_times) for name in names}


def describe(
    s3db: S3DataModel, tablename: str, upload_folder: str | None = None, with_times: bool = True
) -> dict[str, dict[str, Any]]:
    """Return the values behind a table's digest, by uuid: for finding a difference."""
    return dict(_contents(s3db, tablename, _Identifiers(s3db), upload_folder, with_times))


class _Identifiers:
    """The uuids of records by table and id, loaded one table at a time."""

    def __init__(self, s3db: S3DataModel) -> None:
        self._s3db = s3db
        self._known: dict[str, dict[int, str]] = {}

    def of(self, tablename: str, record_id: Any) -> str | None:
        """Return the uuid of a record; for a super key that of the instance."""
        if not record_id:
            return None
        if tablename not in self._known:
            table = self._s3db[tablename]
            rows = self._s3db.db(table).select(table._id, table.uuid)
            self._known[tablename] = {row[table._id]: row[table.uuid] for row in rows}
        return self._known[tablename].get(int(record_id), f"missing {record_id}")


def _contents(
    s3db: S3DataModel, name: str, uuids: _Identifiers, upload_folder: str | None, with_times: bool
) -> Iterable[tuple[str, dict[str, Any]]]:
    table = s3db[name]
    left_out = set(META_FIELDS) | set(s3db.get_super_keys(name)) | {"id"}
    for key in ("computed_fields", "local_fields"):
        left_out |= set(s3db.get_config(name, key) or ())
    fields = [field for field in table if field.name not in left_out and field.type != "password"]
    for row in s3db.db(table).select(orderby=table.uuid):
        content: dict[str, Any] = {
            meta: row[meta] for meta in _COMPARED_META if with_times or meta != "modified_on"
        }
        if row.deleted:
            # The values of a deleted record do not count.
            yield row.uuid, content
            continue
        for field in fields:
            content[field.name] = _value(field, row[field.name], uuids, upload_folder)
        yield row.uuid, content


def _value(field: Any, value: Any, uuids: _Identifiers, upload_folder: str | None) -> Any:
    target = reference_target(field)
    if target:
        if isinstance(value, (list, tuple)):
            return sorted(str(uuids.of(target, one)) for one in value) or None
        return uuids.of(target, value)
    if field.type == "upload" and value:
        if upload_folder is None:
            return True
        path = os.path.join(upload_folder, value)
        if not os.path.exists(path):
            return "file missing"
        with open(path, "rb") as stored:
            return hashlib.sha256(stored.read()).hexdigest()
    if value in ([], ""):
        return None
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)


def _digest(
    s3db: S3DataModel, name: str, uuids: _Identifiers, upload_folder: str | None, with_times: bool
) -> ResourceDigest:
    digest, live = hashlib.sha256(), 0
    for _, content in _contents(s3db, name, uuids, upload_folder, with_times):
        live += not content["deleted"]
        digest.update(json.dumps(content, sort_keys=True, default=_plain).encode())
        digest.update(b"\n")
    return ResourceDigest(live, digest.hexdigest())
