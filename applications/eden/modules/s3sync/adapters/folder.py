"""Repositories that are a folder of this machine: a shared drive, or where another program puts its documents.

How documents are named and taken is the same in every place (``_by_files/documents``).
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from ..transport.storage import LocalFolder, Storage
from ._by_files.documents import FORMAT, OWN_FORMAT, DocumentsAdapter
from .base import T
from .connection_test import ConnectionTest, in_folders
from .settings import Kind, Setting


class FolderAdapter(DocumentsAdapter):
    """A folder of this machine, as described above."""

    apitype: ClassVar[str] = "folder"
    label: ClassVar[str] = T("Folder on this machine")
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            "path",
            T("Folder"),
            T("Whole path of the folder in which the documents of the other sites are"),
            Kind.PATH,
            required=True,
        ),
        Setting(
            "outbox",
            T("Folder for what is sent"),
            T("Where this site writes its documents. Leave it empty to write into the same folder."),
            Kind.PATH,
        ),
        FORMAT,
        OWN_FORMAT,
    )
    guide: ClassVar[tuple[str, ...]] = (
        T("Choose a folder that the other site, or the other program, reaches too."),
        T("Test the connection: nothing is saved, and nothing is written."),
        T("Save. No records travel yet."),
        T("Then choose the resources that both sites shall have."),
    )

    def test(self, clock_warning: float) -> ConnectionTest:
        """See ``Adapter``."""
        return in_folders(self._folder, self._target)

    def _inbox(self) -> Storage:
        return LocalFolder(self._folder())

    def _outbox(self) -> Storage:
        return LocalFolder(self._target())

    def _folder(self) -> Path:
        return self.lines.folder(self.remote.settings["path"])

    def _target(self) -> Path:
        return self.lines.folder(self.remote.settings.get("outbox") or self.remote.settings["path"])

    def _told(self, name: str) -> str:
        return str(self._folder() / name)
