"""What every place with files keeps to (port ``Storage``)."""

from __future__ import annotations

import io
from typing import BinaryIO

import pytest

from s3sync.core.errors import SyncError
from s3sync.transport.storage import Entry, Storage


class Broken(io.BytesIO):
    """A source that ends in an error."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 0:
            raise OSError("the source broke")
        return super().read(3)


class StorageContract:
    """A subclass has a fixture ``storage``: an empty place."""

    @staticmethod
    def text(storage: Storage, name: str) -> bytes | None:
        source: BinaryIO | None = storage.read(name)
        if source is None:
            return None
        with source:
            return source.read()

    def test_what_is_written_is_read_and_listed(self, storage: Storage) -> None:
        storage.make_folder("a/b")
        storage.make_folder("a/b")
        assert storage.write("a/b/one.txt", io.BytesIO(b"One")) == 3
        assert self.text(storage, "a/b/one.txt") == b"One"
        assert storage.list("a") == [Entry("b", 0, True)]
        (found,) = storage.list("a/b")
        assert found == Entry("one.txt", 3, False, found.mark) and found.mark

    def test_what_is_not_there_is_nothing(self, storage: Storage) -> None:
        assert storage.list("") == [] and storage.list("no/such") == []
        assert storage.read("no/such.txt") is None
        storage.remove("no.txt")

    def test_a_file_is_replaced_whole(self, storage: Storage) -> None:
        storage.write("one.txt", io.BytesIO(b"One, and long"))
        storage.write("one.txt", io.BytesIO(b"Two"))
        assert self.text(storage, "one.txt") == b"Two"

    def test_a_source_that_breaks_leaves_the_former_file_and_nothing_else(self, storage: Storage) -> None:
        storage.write("one.txt", io.BytesIO(b"One"))
        with pytest.raises(SyncError):
            storage.write("one.txt", Broken(b"Other"))
        assert self.text(storage, "one.txt") == b"One" and len(storage.list("")) == 1

    def test_a_file_gets_another_name_and_takes_its_place(self, storage: Storage) -> None:
        storage.write("one.txt", io.BytesIO(b"One"))
        storage.write("two.txt", io.BytesIO(b"Two"))
        storage.rename("one.txt", "two.txt")
        assert self.text(storage, "two.txt") == b"One" and len(storage.list("")) == 1

    def test_files_and_empty_folders_are_removed(self, storage: Storage) -> None:
        storage.make_folder("a")
        storage.write("a/one.txt", io.BytesIO(b"One"))
        storage.remove("a/one.txt")
        storage.remove("a")
        assert storage.list("") == []

    @pytest.mark.parametrize("name", ["../out.txt", "a/../../out.txt", "/etc/passwd"])
    def test_no_name_leads_outside(self, storage: Storage, name: str) -> None:
        with pytest.raises(SyncError):
            storage.read(name)
        with pytest.raises(SyncError):
            storage.write(name, io.BytesIO(b"x"))
