"""Repositories that are another site of ours behind a folder: a memory stick that is carried, or a shared drive."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from ..transport.storage import LocalFolder, Storage
from ._by_files.carried import PASSPHRASE, CarriedAdapter
from .base import T
from .connection_test import ConnectionTest, in_folders
from .settings import Kind, Setting


class StickAdapter(CarriedAdapter):
    """Another site of ours, as described above."""

    apitype: ClassVar[str] = "stick"
    label: ClassVar[str] = T("Memory stick or shared folder")
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            "path",
            T("Folder"),
            T("Whole path of the memory stick, or of a folder on it, or of a shared folder"),
            Kind.PATH,
            required=True,
        ),
        PASSPHRASE,
    )
    guide: ClassVar[tuple[str, ...]] = (
        T("Put the memory stick in. It may hold other files, and the exchange of several sites."),
        T("Save: this site leaves its name on the stick."),
        T("Choose the resources that both sites shall have, and synchronize."),
        T("Carry the stick to the other site, and do the same there."),
        T(
            "Then carry it back and forth: each synchronization reads what is new there, and writes what is new here."
        ),
        T("Without a passphrase whoever finds the stick can read the records on it."),
    )

    def _storage(self) -> Storage:
        return LocalFolder(self._folder())

    def _folder(self) -> Path:
        return self.lines.folder(self.remote.settings["path"])

    def test(self, clock_warning: float) -> ConnectionTest:
        """See ``Adapter``."""
        return in_folders(self._folder, self._folder)
