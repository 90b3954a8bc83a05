"""Data sets on the wire: what a site publishes for others to take, in the form of Sahana Eden.

A set is a ``sync_dataset``, each of its resources a ``sync_task`` with its conditions (``sync_resource_filter``). One
document names sets with their tasks inside, or tasks with the sets that they belong to behind them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, BinaryIO

from ..core.errors import ProtocolError
from ..core.limits import LONGEST_RESOURCE, MEGABYTE, MOST_OFFERED
from ..core.policy import Method, Policy
from ..core.text import legible
from .s3xml import (
    FOOTER,
    LONGEST_IDENTIFIER,
    RESOURCE_CLOSE,
    DocumentLimits,
    DocumentReader,
    Element,
    header,
    reference,
    resource_open,
)
from .values.datetimes import parse_datetime
from .xml_text import escape_attr, escape_text

SET, TASK, FILTER, ARCHIVE = "sync_dataset", "sync_task", "sync_resource_filter", "sync_dataset_archive"
#: The variable by which who asks says that it can read archives. A Sahana Eden on Python 3 cannot, its own neither: its
#: run breaks off. Without an archive it asks for the records one resource after the other, and gets all of them.
TAKES_ARCHIVES = "archives"
#: Characters of a code, a name, an address, a comment and a condition, and conditions of a task, that are kept.
LONGEST_CODE, LONGEST_SET_NAME, LONGEST_ADDRESS, LONGEST_COMMENTS, LONGEST_CONDITION = 64, 255, 512, 4000, 512
MOST_CONDITIONS = 50
#: Bytes of a document with sets.
LARGEST = 16 * MEGABYTE
#: The number by which an Eden says that a task is pulled by who subscribes to it.
_PULLED = 1


@dataclass(frozen=True)
class Stamp:
    """The identity of a published row.

    Attributes:
        uuid: its identifier.
        created_on, modified_on: times (UTC), None if the sender does not say.
    """

    uuid: str
    created_on: datetime | None = None
    modified_on: datetime | None = None


@dataclass(frozen=True)
class Condition:
    """A condition on the records of a published resource.

    Attributes:
        stamp: its identity.
        table: the table whose records it is about.
        text: one or several conditions, joined by ``&``.
    """

    stamp: Stamp
    table: str
    text: str


@dataclass(frozen=True)
class PublishedTask:
    """A resource of a set.

    Attributes:
        stamp: its identity.
        resource: name of the table.
        components: whether what belongs to the records is part of it.
        strategy, update_policy, conflict_policy: how it is imported unless the subscriber says otherwise.
        conditions: conditions on its records.
    """

    stamp: Stamp
    resource: str
    components: bool = False
    strategy: tuple[Method, ...] = tuple(Method)
    update_policy: Policy = Policy.NEWER
    conflict_policy: Policy = Policy.NEWER
    conditions: tuple[Condition, ...] = ()

    @property
    def changed_on(self) -> datetime | None:
        """When it or one of its conditions was last changed, None if the sender does not say."""
        moments = [each.stamp.modified_on for each in self.conditions] + [self.stamp.modified_on]
        return max((each for each in moments if each is not None), default=None)


@dataclass(frozen=True)
class PublishedSet:
    """A set as it is published.

    Attributes:
        stamp: its identity.
        code: its short name.
        name: its name.
        comments: comments about it.
        archive_url: where its archive is: a path below the application, or an address; "" if there is none.
        archived_on: when the archive was made (UTC), None if that is not known.
        tasks: its resources.
    """

    stamp: Stamp
    code: str
    name: str = ""
    comments: str = ""
    archive_url: str = ""
    archived_on: datetime | None = None
    tasks: tuple[PublishedTask, ...] = ()


# --- writing ------------------------------------------------------------------------------------------------


def sets_document(sets: Sequence[PublishedSet], url: str, *, parts: bool) -> str:
    """Return a document of sets.

    Args:
        sets: the sets.
        url: base URL of this application.
        parts: whether their tasks and archives are inside.
    """
    texts = []
    for each in sets:
        inside = [_task(task, None) for task in each.tasks] if parts else []
        texts.append(_set(each, inside))
    return _document(texts, len(sets), url)


def tasks_document(tasks: Sequence[tuple[PublishedSet, PublishedTask]], url: str) -> str:
    """Return a document of tasks, with the sets that they belong to behind them.

    Args:
        tasks: sets, and tasks of theirs.
        url: base URL of this application.
    """
    texts = [_task(task, of) for of, task in tasks]
    sets = {of.stamp.uuid: of for of, _ in tasks}
    return _document([*texts, *(_set(each, []) for each in sets.values())], len(tasks), url)


def conditions_document(conditions: Sequence[Condition], url: str) -> str:
    """Return a document of conditions on their own."""
    return _document([_condition(each) for each in conditions], len(conditions), url)


def deletions_document(table: str, stamps: Sequence[Stamp], url: str) -> str:
    """Return a document of tasks or conditions that were deleted.

    Args:
        table: the table that they were in.
        stamps: which ones, and when.
        url: base URL of this application.
    """
    texts = [
        resource_open(table, each.uuid, modified_on=each.modified_on, deleted=True) + RESOURCE_CLOSE
        for each in stamps
    ]
    return _document(texts, len(stamps), url)


def _document(texts: Iterable[str], count: int, url: str) -> str:
    return "".join([header(results=count, url=url), *texts, FOOTER])


def _set(each: PublishedSet, inside: Sequence[str]) -> str:
    return _resource(
        SET,
        each.stamp,
        [
            _text("code", each.code),
            _text("name", each.name),
            _text("archive_url", each.archive_url),
            _value("use_archive", bool(each.archive_url)),
            _text("comments", each.comments),
            *inside,
        ],
    )


def _task(task: PublishedTask, of: PublishedSet | None) -> str:
    return _resource(
        TASK,
        task.stamp,
        [
            _text("resource_name", task.resource),
            _value("components", task.components),
            _value("mode", _PULLED),
            _value("strategy", [each.value for each in task.strategy]),
            _value("update_policy", task.update_policy.value),
            _value("conflict_policy", task.conflict_policy.value),
            reference("dataset_id", SET, of.stamp.uuid, of.name) if of is not None else "",
            *(_condition(each) for each in task.conditions),
        ],
    )


def _condition(each: Condition) -> str:
    return _resource(FILTER, each.stamp, [_text("tablename", each.table), _text("filter_string", each.text)])


def _resource(table: str, stamp: Stamp, inside: Iterable[str]) -> str:
    opening = resource_open(
        table, stamp.uuid, mci=1, created_on=stamp.created_on, modified_on=stamp.modified_on
    )
    return "".join([opening, *inside, RESOURCE_CLOSE])


def _text(field: str, text: str) -> str:
    return f'<data field="{field}">{escape_text(text)}</data>' if text else ""


def _value(field: str, value: Any) -> str:
    shown = value if isinstance(value, str) else ", ".join(value) if isinstance(value, list) else str(value)
    return f'<data field="{field}" value="{escape_attr(json.dumps(value))}">{escape_text(shown)}</data>'


# --- reading ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReadSets:
    """What a document says of sets.

    Attributes:
        sets: the sets, each with its tasks, sorted by code.
        domain: the domain that the sender puts before its bare identifiers, None for none.
    """

    sets: tuple[PublishedSet, ...]
    domain: str | None


def read_sets(source: BinaryIO) -> ReadSets:
    """Read sets and tasks from a document. What has no code, no name of a table or no identifier is passed over.

    Args:
        source: binary file at its beginning.

    Raises:
        DocumentError: it is no document, hostile or too large.
        ProtocolError: it has more sets or tasks than are taken.
    """
    reader = DocumentReader(source, DocumentLimits(max_bytes=LARGEST))
    sets: dict[str, PublishedSet] = {}
    loose: list[tuple[str, PublishedTask]] = []
    for element in reader:
        if len(sets) + len(loose) >= MOST_OFFERED:
            raise ProtocolError(
                f"The other site has more than {MOST_OFFERED} data sets and resources in them.", remote=True
            )
        if element.get("deleted") is not None:
            continue
        name = element.get("name")
        if name == SET:
            found = _read_set(element)
            if found is not None:
                sets[found.stamp.uuid] = found
        elif name == TASK:
            task, of = _read_task(element), _set_of(element)
            if task is not None and of:
                loose.append((of, task))
    for of, task in loose:
        if of in sets:
            sets[of] = replace(sets[of], tasks=(*sets[of].tasks, task))
    return ReadSets(tuple(sorted(sets.values(), key=lambda each: each.code)), reader.header.domain)


def _read_set(element: Element) -> PublishedSet | None:
    stamp, data = _read_stamp(element), _data(element)
    code = data.get("code", "")
    if stamp is None or not 0 < len(code) <= LONGEST_CODE or not code.isprintable():
        return None
    uses = _boolean(data.get("use_archive"))
    address = data.get("archive_url", "") if uses else ""
    inside = [_read_task(each) for each in _children(element, TASK)[:MOST_OFFERED]]
    archives = [_read_stamp(each) for each in _children(element, ARCHIVE)]
    told = [each.modified_on or each.created_on for each in archives if each is not None]
    made = [each for each in told if each is not None]
    return PublishedSet(
        stamp,
        code,
        legible(data.get("name", ""))[:LONGEST_SET_NAME] or code,
        legible(data.get("comments", ""))[:LONGEST_COMMENTS],
        address if len(address) <= LONGEST_ADDRESS and address.isprintable() else "",
        max(made, default=None),
        tuple(each for each in inside if each is not None),
    )


def _read_task(element: Element) -> PublishedTask | None:
    stamp, data = _read_stamp(element), _data(element)
    resource = data.get("resource_name", "")
    if stamp is None or not 0 < len(resource) <= LONGEST_RESOURCE or not resource.isidentifier():
        return None
    conditions = [_read_condition(each) for each in _children(element, FILTER)[: MOST_CONDITIONS + 1]]
    return PublishedTask(
        stamp,
        resource,
        _boolean(data.get("components")),
        Method.read(_list(data.get("strategy"))),
        Policy.read(data.get("update_policy")),
        Policy.read(data.get("conflict_policy")),
        tuple(each for each in conditions if each is not None),
    )


def _read_condition(element: Element) -> Condition | None:
    stamp, data = _read_stamp(element), _data(element)
    text = data.get("filter_string", "")
    return None if stamp is None or not text else Condition(stamp, data.get("tablename", ""), text)


def _set_of(element: Element) -> str:
    for each in element.iterchildren("reference"):
        if each.get("field") == "dataset_id":
            return each.get("uuid") or ""
    return ""


def _children(element: Element, name: str) -> list[Element]:
    return [
        each
        for each in element.iterchildren("resource")
        if each.get("name") == name and each.get("deleted") is None
    ]


def _data(element: Element) -> dict[str, str]:
    """Return the values of an element by field, as text; those that are JSON as what they stand for."""
    found = {}
    for each in element.iterchildren("data"):
        field, value = each.get("field"), each.get("value")
        text = each.text or ""
        if value is not None:
            try:
                decoded = json.loads(value)
            except (ValueError, RecursionError):
                decoded = value
            text = decoded if isinstance(decoded, str) else value
        if field:
            found[field] = text
    return found


def _read_stamp(element: Element) -> Stamp | None:
    uuid = element.get("uuid") or ""
    if not 0 < len(uuid) <= LONGEST_IDENTIFIER or not uuid.isprintable():
        return None
    return Stamp(uuid, _moment(element.get("created_on")), _moment(element.get("modified_on")))


def _moment(text: str | None) -> datetime | None:
    try:
        return parse_datetime(text) if text else None
    except ValueError:
        return None


def _boolean(text: str | None) -> bool:
    return (text or "").strip().lower() == "true"


def _list(text: str | None) -> list[str] | None:
    try:
        found = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else None
