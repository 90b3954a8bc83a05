"""Data sets for programs: the addresses by which a Sahana Eden, or another site of ours, subscribes to them.

They are plain resources of an Eden (``sync/dataset.xml``, ``sync/task.xml``, ``sync/resource_filter.xml``), of which
nothing but data sets of this site is told: no repositories, and no credentials.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from ..core.errors import BadRequest, NoSuchRecord, NotAuthenticated, NotPermitted, UnsupportedFormat
from ..core.text import shown
from ..site import Site
from ..site import datasets as datasets
from ..site.datasets import DataSet
from ..site.scoping import scopes as scopes
from ..wire.data_sets import (
    FILTER,
    TAKES_ARCHIVES,
    TASK,
    PublishedSet,
    Stamp,
    conditions_document,
    deletions_document,
    sets_document,
    tasks_document,
)
from ..wire.filters import is_filter
from ..wire.protocol.times import parse_msince
from .answering import answering, checked_method
from .bodies import stored_file
from .documents import FORMATS, answered

READ = ("GET",)
#: How the code of a set is asked for, at each address.
_CODES = {"sync_dataset": "code", TASK: "dataset_id$code", FILTER: "task_id$dataset_id$code"}


class _Asked(NamedTuple):
    """What a request asks for.

    Attributes:
        codes: of which sets, None for all.
        deleted: whether deleted ones are asked for, and nothing else.
        msince: only what changed since then (UTC), None for everything.
        parts: whether tasks are told with their sets.
        archives: whether who asks can read an archive (``wire.data_sets.TAKES_ARCHIVES``).
    """

    codes: Collection[str] | None
    deleted: bool
    msince: datetime | None
    parts: bool
    archives: bool

    def published(self, found: DataSet) -> PublishedSet:
        """Return a set as who asks is told of it."""
        told = found.published
        return told if self.archives else replace(told, archive_url="", archived_on=None)


def dataset_request(request: Any, response: Any) -> Any:
    """Answer /sync/dataset.xml: the data sets of this site, with their tasks."""
    with answering(request) as site:
        sets, asked = _readable(site, request, "sync_dataset")
        # A set that is gone is not told of: an Eden would forget its tasks without ending them.
        found = (
            [] if asked.deleted else [asked.published(each) for each in sets if _is_new(each.stamp, asked)]
        )
        text = sets_document(found, site.base_url, parts=asked.parts)
        return _answer(site, request, response, text)


def task_request(request: Any, response: Any) -> Any:
    """Answer /sync/task.xml: the resources of data sets, with their conditions; or those that were removed."""
    with answering(request) as site:
        sets, asked = _readable(site, request, TASK)
        if asked.deleted:
            return _answer(site, request, response, _deleted(site, TASK, asked))
        tasks = [
            (asked.published(each), task)
            for each in sets
            for task in each.tasks
            if any(_is_new(stamp, asked) for stamp in (task.stamp, *(one.stamp for one in task.conditions)))
        ]
        return _answer(site, request, response, tasks_document(tasks, site.base_url))


def filter_request(request: Any, response: Any) -> Any:
    """Answer /sync/resource_filter.xml: the conditions of the resources of data sets, or those that were removed."""
    with answering(request) as site:
        sets, asked = _readable(site, request, FILTER)
        if asked.deleted:
            return _answer(site, request, response, _deleted(site, FILTER, asked))
        found = [one for each in sets for task in each.tasks for one in task.conditions]
        text = conditions_document([each for each in found if _is_new(each.stamp, asked)], site.base_url)
        return _answer(site, request, response, text)


def archive_request(request: Any, response: Any) -> Any:
    """Answer /sync/archive/<code>/tasks: the archive of a data set as an Eden lays it out."""
    with answering(request) as site:
        checked_method(request, READ)
        found = datasets.with_code(site, str(request.args(0) or ""))
        if found is None or not datasets.may_have(site, found):
            _refuse(site)
        stored = found.archive.for_programs if found is not None and found.archive is not None else None
        path = site.files.path("sync_dataset_archive", "archive", stored) if stored else None
        if path is None or not path.is_file():
            raise NoSuchRecord("There is no such archive. It may not have been made yet.")
        answer = stored_file(request, response, path.open("rb"), path.stat().st_size)
        response.headers["Content-Type"] = "application/zip"
        return answer


def _refuse(site: Site) -> None:
    """Refuse who may not have an archive; whether there is one is for who may only.

    Raises:
        NotAuthenticated, NotPermitted, NotInScope: who asks may not have it.
    """
    if not site.host.logged_in():
        raise NotAuthenticated("Authentication Required")
    if not site.host.may_synchronise():
        raise NotPermitted("Insufficient Privileges")
    scopes.check_other_address(site)


def _readable(site: Site, request: Any, table: str) -> tuple[list[DataSet], _Asked]:
    """Return the sets that who asks may read, and what is asked of them.

    Raises:
        SyncError: it may read none, or asks in a way that is not answered.
    """
    checked_method(request, READ)
    if request.extension not in FORMATS:
        raise UnsupportedFormat(f"The format {request.extension} is not available.")
    found, asked = datasets.readable(site), _asked(request.get_vars, table)
    return [each for each in found if asked.codes is None or each.code in asked.codes], asked


def _asked(variables: Mapping[str, Any], table: str) -> _Asked:
    """Read the variables of a request.

    Raises:
        BadRequest: a condition is none of those that subscribers ask by: without it they would get too much.
    """
    codes: Collection[str] | None = None
    deleted = False
    for name, value in variables.items():
        if not is_filter(name):
            continue
        field = name.replace("[", "").replace("]", ".").replace("..", ".").partition(".")[2]
        if field in (_CODES[table], f"{_CODES[table]}__belongs"):
            codes = {each.strip() for text in _texts(value) for each in text.split(",")}
        elif field == "deleted":
            deleted = "true" in [text.lower() for text in _texts(value)]
        else:
            raise BadRequest(
                f"{shown(name)} is no condition by which data sets are told.",
                hint=f"Ask by ~.{_CODES[table]}, ~.deleted and msince.",
            )
    parts = "None" not in (variables.get("components"), variables.get("mcomponents"))
    msince = variables.get("msince")
    since = parse_msince(str(msince)) if msince else None
    return _Asked(codes, deleted, since, parts, variables.get(TAKES_ARCHIVES) == "1")


def _texts(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _is_new(stamp: Stamp, asked: _Asked) -> bool:
    return asked.msince is None or stamp.modified_on is None or stamp.modified_on >= asked.msince


def _deleted(site: Site, table: str, asked: _Asked) -> str:
    found = datasets.deleted(site, table, public=not site.host.logged_in())
    stamps: Sequence[Stamp] = [each for each in found if _is_new(each, asked)]
    return deletions_document(table, stamps, site.base_url)


def _answer(site: Site, request: Any, response: Any, text: str) -> Any:
    return answered(site, request, response, lambda out: out.write(text.encode("utf-8")))
