"""Records of a table, as Eden's ``s3db.resource`` returns them, as far as needed here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .errors import DeletionRestricted

if TYPE_CHECKING:
    from .datamodel import S3DataModel


class Resource:
    """Some records of a table.

    Args:
        s3db: the site's data model.
        tablename: their table.
        ids: their ids.

    Attributes:
        error: why the last action was refused, None if it was not.
    """

    def __init__(self, s3db: S3DataModel, tablename: str, ids: Sequence[int]) -> None:
        self._s3db = s3db
        self._tablename = tablename
        self._ids = ids
        self.error: str | None = None

    def delete(self) -> int:
        """Delete the records; see ``S3DataModel.delete``.

        Returns:
            number of records that are now deleted, 0 where it was refused: ``error`` says why.
        """
        self.error = None
        try:
            return self._s3db.delete(self._tablename, self._ids)
        except DeletionRestricted as restricted:
            self.error = str(restricted)
            return 0
