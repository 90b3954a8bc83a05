"""What is special of a folder as a repository; what every type does is in contracts/adapters."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from s3sync.adapters._by_files.documents import MOST_FILES
from s3sync.adapters.base import Remote
from s3sync.adapters.connection_test import Answer
from s3sync.adapters.folder import FolderAdapter
from s3sync.adapters.lines import FolderProblem, Lines
from s3sync.adapters.testing import organisations, uuid_of, uuids_in
from s3sync.core.errors import ConfigurationError, DocumentError, DocumentTooLarge
from s3sync.exchange.peer import Asking, Exchange, Sending
from s3sync.transport.limits import Limits
from s3sync.transport.storage import LocalFolder

RESOURCE = "org_organisation"
HERE, THERE = "urn:uuid:here", "urn:uuid:there"


class Fixed:
    """A clock that stands."""

    def now(self) -> datetime:
        return datetime(2026, 3, 1, 8)


@pytest.fixture()
def root(tmp_path: Path) -> Path:
    for name in ("shared", "spool"):
        (tmp_path / name).mkdir()
    return tmp_path


def at(root: Path, own: str = HERE, path: str | None = None, **lines: object) -> FolderAdapter:
    given: dict[str, object] = {"folder_roots": (root / "shared",), "clock": Fixed(), **lines}
    remote = Remote(1, None, "stick", own, "here", {"path": path or str(root / "shared")})
    return FolderAdapter(remote, Lines(root / "spool", **given))  # type: ignore[arg-type]


def taken(adapter: FolderAdapter, cursor: str = "") -> tuple[list[str], str]:
    """Pull once; return the records and the cursor."""
    result = adapter.pull(Exchange(RESOURCE), Asking(cursor, limit=9))
    found = uuids_in(result.path)
    result.discard()
    return found, result.cursor or ""


def push(adapter: FolderAdapter, root: Path, number: int) -> None:
    document = root / "page.xml"
    document.write_bytes(organisations(number))
    adapter.push(Exchange(RESOURCE), document, Sending(journal="", checkpoint=""))


def test_two_sites_share_one_folder_and_neither_reads_what_it_wrote(root: Path) -> None:
    here, there = at(root, HERE), at(root, THERE)
    push(here, root, 1)
    push(here, root, 2)
    push(there, root, 3)
    assert len(list((root / "shared").iterdir())) == 3, "the clock stands, and no file replaced another one"
    assert taken(here)[0] == [uuid_of(3)]
    first, cursor = taken(there)
    assert first == [uuid_of(1)] and taken(there, cursor)[0] == [uuid_of(2)]


def test_a_file_in_json_is_written_where_that_is_asked_for_and_read_everywhere(root: Path) -> None:
    here, there = at(root, HERE), at(root, THERE)
    here.remote.settings["format"] = "s3json"  # type: ignore[index]
    push(here, root, 1)
    (written,) = (root / "shared").iterdir()
    assert written.suffix == ".s3json" and "$_org_organisation" in json.loads(written.read_text())
    assert taken(there)[0] == [uuid_of(1)] and taken(here)[0] == []
    here.remote.settings["format"] = "xml"  # type: ignore[index]
    assert taken(here)[0] == [], "what it wrote before in another format is its own, too"


def test_a_file_that_is_no_s3json_is_named(root: Path) -> None:
    (root / "shared" / "org_organisation-1.s3json").write_text('{"name": "x"}')
    with pytest.raises(DocumentError, match=r"org_organisation-1\.s3json.*no table of records"):
        taken(at(root))


@pytest.mark.parametrize(
    "name",
    [
        ".org_organisation-1.xml",
        "org_organisation-1.xml.part",
        "org_organisation-1.tmp",
        "org_organisation_name-1.xml",
        "org_office-1.xml",
        "notes.txt",
    ],
)
def test_files_that_are_none_of_the_resource_or_not_complete_are_left_alone(root: Path, name: str) -> None:
    (root / "shared" / name).write_bytes(organisations(1))
    assert taken(at(root))[0] == []


def test_a_link_to_a_file_elsewhere_is_not_followed(root: Path) -> None:
    (root / "secret.xml").write_bytes(organisations(1))
    (root / "shared" / f"{RESOURCE}.xml").symlink_to(root / "secret.xml")
    assert taken(at(root))[0] == []


def test_a_file_comes_again_when_its_content_is_another_and_not_when_only_its_time_is(root: Path) -> None:
    path = root / "shared" / f"{RESOURCE}.xml"
    path.write_bytes(organisations(1))
    found, cursor = taken(at(root))
    assert found == [uuid_of(1)]
    os.utime(path, (1, 1))
    found, cursor = taken(at(root), cursor)
    assert found == []
    path.write_bytes(organisations(2))
    os.utime(path, (2, 2))
    found, cursor = taken(at(root), cursor)
    assert found == [uuid_of(2)]
    path.unlink()
    assert taken(at(root), cursor) == ([], "{}"), "what is gone is forgotten"


def test_where_a_place_does_not_tell_versions_apart_a_file_of_the_same_size_is_compared(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = LocalFolder.list
    monkeypatch.setattr(
        LocalFolder, "list", lambda self, name: [each._replace(mark="") for each in former(self, name)]
    )
    path = root / "shared" / f"{RESOURCE}.xml"
    path.write_bytes(organisations(1))
    found, cursor = taken(at(root))
    assert found == [uuid_of(1)]
    found, cursor = taken(at(root), cursor)
    assert found == []
    size = path.stat().st_size
    path.write_bytes(organisations(2))
    assert path.stat().st_size == size
    assert taken(at(root), cursor)[0] == [uuid_of(2)]


def test_a_broken_file_is_named_and_nothing_of_it_is_taken(root: Path) -> None:
    (root / "shared" / f"{RESOURCE}-1.xml").write_bytes(organisations(1, 2)[:-9])
    with pytest.raises(Exception, match=f"{RESOURCE}-1.xml cannot be taken") as caught:
        taken(at(root))
    assert "Move it away" in caught.value.hint  # type: ignore[attr-defined]
    assert not list((root / "spool").iterdir())


def test_a_file_that_is_too_large_is_refused(root: Path) -> None:
    (root / "shared" / f"{RESOURCE}.xml").write_bytes(organisations(*range(99)))
    with pytest.raises(DocumentTooLarge):
        taken(at(root, limits=Limits(document_size=1000)))


def test_of_many_new_files_only_the_one_that_is_handed_on_is_read(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end of a slow line each file is read once, not once a page."""
    for number in (1, 2, 3):
        (root / "shared" / f"{RESOURCE}-{number}.xml").write_bytes(organisations(number))
    read: list[str] = []
    former = LocalFolder.read
    monkeypatch.setattr(LocalFolder, "read", lambda self, name: (read.append(name), former(self, name))[1])
    lists: list[str] = []
    listed = LocalFolder.list
    monkeypatch.setattr(LocalFolder, "list", lambda self, name: (lists.append(name), listed(self, name))[1])
    here = at(root)
    found, cursor = taken(here)
    for _ in (2, 3):
        more, cursor = taken(here, cursor)
        found += more
    assert found == [uuid_of(1), uuid_of(2), uuid_of(3)] and len(read) == 3
    assert len(lists) == 1, "the list is asked for once a run"
    assert taken(at(root), cursor)[0] == [] and len(read) == 3
    push(here, root, 4)
    push(here, root, 5)
    assert len(lists) == 3 and len(list((root / "shared").iterdir())) == 5


def test_a_place_remembered_by_an_earlier_version_is_still_known(root: Path) -> None:
    path = root / "shared" / f"{RESOURCE}.xml"
    path.write_bytes(organisations(1))
    _, cursor = taken(at(root))
    told = json.loads(cursor)
    told[path.name][1] = int(told[path.name][1])
    assert taken(at(root), json.dumps(told))[0] == []


def test_what_a_broken_push_left_goes_in_the_next_run(root: Path) -> None:
    push(at(root), root, 1)
    (written,) = (root / "shared").iterdir()
    (root / "shared" / f".{written.name}.part").write_bytes(b"half")
    (root / "shared" / ".org_organisation-x-theirs.xml.part").write_bytes(b"half")
    push(at(root), root, 2)
    left = [path.name for path in (root / "shared").iterdir() if path.name.startswith(".")]
    assert left == [".org_organisation-x-theirs.xml.part"], "that of another site is not ours"


def test_too_many_files_are_refused_with_a_remedy(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_FILES >= 1000
    monkeypatch.setattr("s3sync.adapters._by_files.documents.MOST_FILES", 1)
    for number in (1, 2):
        (root / "shared" / f"{RESOURCE}-{number}.xml").write_bytes(organisations(number))
    with pytest.raises(ConfigurationError) as caught:
        taken(at(root))
    assert "Move those away" in caught.value.hint


def test_a_push_that_fails_leaves_no_half_file(root: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        at(root).push(Exchange(RESOURCE), root / "not there", Sending(journal="", checkpoint=""))
    assert "account" in caught.value.hint and not list((root / "shared").iterdir())


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("{root}/shared", None),
        ("{root}/shared/inner", None),
        ("{root}/shared/none", FolderProblem.NOT_THERE),
        ("{root}", FolderProblem.NOT_ALLOWED),
        ("{root}/shared/..", FolderProblem.NOT_ALLOWED),
        ("{root}/shared2", FolderProblem.NOT_ALLOWED),
        ("{root}/shared/out", FolderProblem.NOT_ALLOWED),
        ("shared", FolderProblem.NOT_ALLOWED),
        ("", FolderProblem.NOT_ALLOWED),
        ("/etc", FolderProblem.NOT_ALLOWED),
        ("{root}/shared/" + 300 * "x", FolderProblem.NOT_THERE),
        ("{root}/shared/loop", FolderProblem.NOT_THERE),
        ("{root}/shared/\0", FolderProblem.NOT_THERE),
    ],
)
def test_only_folders_below_the_roots_are_used(root: Path, path: str, problem: FolderProblem | None) -> None:
    (root / "shared" / "inner").mkdir()
    (root / "shared2").mkdir()
    (root / "shared" / "out").symlink_to(root / "shared2")
    (root / "shared" / "loop").symlink_to(root / "shared" / "loop")
    lines = Lines(root / "spool", Fixed(), folder_roots=(root / "shared",))
    asked = path.format(root=root)
    assert lines.folder_problem(asked) is problem
    if problem is not None:
        with pytest.raises(ConfigurationError) as caught:
            lines.folder(asked)
        assert caught.value.hint and "{" not in caught.value.explain()


def test_a_folder_that_the_account_may_not_look_at_is_refused_with_a_remedy(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **options: object) -> os.stat_result:
        raise PermissionError(13, "Permission denied", str(path))

    lines = Lines(root / "spool", Fixed(), folder_roots=(root / "shared",))
    monkeypatch.setattr(Path, "stat", refuse)
    asked = str(root / "shared" / "inner")
    assert lines.folder_problem(asked) is FolderProblem.NO_RIGHTS
    with pytest.raises(ConfigurationError, match="inner") as caught:
        lines.folder(asked)
    assert "account" in caught.value.hint


def test_a_push_into_a_folder_that_cannot_be_searched_is_refused_with_a_remedy(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ConfigurationError) as caught:
        push(at(root), root, 1)
    assert "account" in caught.value.hint


def test_without_roots_no_folder_is_used(root: Path) -> None:
    assert Lines(root, Fixed()).folder_problem(str(root)) is FolderProblem.NO_ROOTS


def test_the_connection_test_tells_reading_from_writing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, wanted: not wanted & os.W_OK)
    answers = [each.answer for each in at(root).test(60).findings]
    assert answers == [Answer.READABLE, Answer.READ_ONLY]
