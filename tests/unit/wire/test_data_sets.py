"""Data sets on the wire: what is written is read again, and what anybody may send does no harm."""

from __future__ import annotations

import io
from datetime import datetime

import pytest

from s3sync.core.errors import DocumentError, ProtocolError
from s3sync.core.limits import MOST_OFFERED
from s3sync.core.policy import Method
from s3sync.wire.data_sets import (
    FILTER,
    TASK,
    Condition,
    PublishedSet,
    PublishedTask,
    Stamp,
    deletions_document,
    read_sets,
    sets_document,
    tasks_document,
)

NOON = datetime(2026, 3, 1, 12)
URL = "https://desk.example.org/eden"


def stamp(name: str) -> Stamp:
    return Stamp(f"urn:uuid:{name}", NOON, NOON)


CONDITION = Condition(stamp("condition"), "org_office", "~.name__like=*<&\"'*")
OFFICES = PublishedTask(stamp("offices"), "org_office", conditions=(CONDITION,))
PEOPLE = PublishedTask(stamp("people"), "pr_person", components=True)
BOTH = PublishedSet(
    stamp("set"),
    "OFFICES",
    "Büros & <b>Leute</b>",
    "Two\nlines",
    "/sync/archive/OFFICES/tasks",
    None,
    (OFFICES, PEOPLE),
)


def read(text: str | bytes) -> tuple[PublishedSet, ...]:
    return read_sets(io.BytesIO(text.encode() if isinstance(text, str) else text)).sets


def test_sets_are_read_as_they_were_written() -> None:
    assert read(sets_document([BOTH], URL, parts=False))[0].tasks == ()
    (told,) = read(sets_document([BOTH], URL, parts=True))
    assert told == BOTH


def test_tasks_are_read_with_the_set_that_stands_behind_them() -> None:
    other = PublishedSet(stamp("other"), "EMPTY", "Empty")
    assert read(tasks_document([(BOTH, OFFICES), (BOTH, PEOPLE)], URL)) == (BOTH,)
    first, second = read(tasks_document([(other, PEOPLE), (BOTH, OFFICES)], URL))
    assert first.code == "EMPTY" and first.tasks == (PEOPLE,) and second.tasks == (OFFICES,)


def test_what_was_removed_is_told_by_its_identifier_alone() -> None:
    text = deletions_document(TASK, [stamp("gone")], URL)
    assert 'uuid="urn:uuid:gone" deleted="True" modified_on="2026-03-01T12:00:00"' in text
    assert read(text) == () and FILTER not in text


def test_a_set_whose_archive_is_switched_off_has_none() -> None:
    text = sets_document([BOTH], URL, parts=True).replace('value="true">True', 'value="false">False', 1)
    assert read(text)[0].archive_url == ""


@pytest.mark.parametrize(
    "data",
    [
        '<data field="code"></data>',
        f'<data field="code">{"X" * 65}</data>',
        '<data field="name">No code</data>',
        '<data field="code">A&#10;B</data>',
    ],
)
def test_a_set_without_a_usable_code_is_passed_over(data: str) -> None:
    assert read(f'<s3xml><resource name="sync_dataset" uuid="u">{data}</resource></s3xml>') == ()


def test_a_task_whose_table_is_no_name_is_passed_over() -> None:
    for name in ("", "a b", "../etc", "x" * 65):
        task = f'<resource name="sync_task" uuid="t"><data field="resource_name">{name}</data></resource>'
        code = '<data field="code">A</data>'
        (told,) = read(f'<s3xml><resource name="sync_dataset" uuid="u">{code}{task}</resource></s3xml>')
        assert told.tasks == ()


def test_values_that_are_no_values_count_as_the_usual_ones() -> None:
    odd = "".join(
        f'<data field="{name}" value="{value}"/>'
        for name, value in (
            ("strategy", "[" * 3000),
            ("update_policy", "WHATEVER"),
            ("components", "[1]"),
        )
    )
    task = (
        f'<resource name="sync_task" uuid="t"><data field="resource_name">org_office</data>{odd}</resource>'
    )
    (told,) = read(
        f'<s3xml><resource name="sync_dataset" uuid="u"><data field="code">A</data>{task}</resource></s3xml>'
    )
    assert told.tasks[0].strategy == tuple(Method) and not told.tasks[0].components


def test_more_sets_than_anybody_has_are_refused() -> None:
    many = "".join(
        f'<resource name="sync_dataset" uuid="u{at}"><data field="code">C{at}</data></resource>'
        for at in range(MOST_OFFERED + 1)
    )
    with pytest.raises(ProtocolError):
        read(f"<s3xml>{many}</s3xml>")


def test_a_document_that_is_hostile_or_none_is_refused() -> None:
    for text in ("<html/>", '<!DOCTYPE s3xml [<!ENTITY a "b">]><s3xml>&a;</s3xml>', "<s3xml><resource", ""):
        with pytest.raises(DocumentError):
            read(text)
