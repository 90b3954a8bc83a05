"""A validator for one of a fixed set of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gluon.validators import IS_IN_SET

try:
    from gluon.validators import ValidationError
except ImportError:  # web2py 2 gives this name only through pydal
    from pydal.validators import ValidationError


class Choice(IS_IN_SET):
    """One of a fixed set of values, which are stored unchanged.

    Args:
        labels: value -> label.
        multiple: a list of values.
    """

    def __init__(self, labels: Mapping[Any, Any], multiple: bool = False) -> None:
        super().__init__(labels, zero=None if not multiple else "", multiple=multiple, sort=False)
        self.s3_labels = labels
        self._values = {str(value): value for value in labels}
        self.s3_multiple = multiple

    def validate(self, value: Any, record_id: Any = None) -> Any:
        """Return the stored value for a value of a form or a document."""
        given = list(value) if isinstance(value, (list, tuple)) else ([value] if value != "" else [])
        if not self.s3_multiple and len(given) != 1:
            raise ValidationError(self.translator(self.error_message))
        chosen = []
        for one in given:
            if str(one) not in self._values:
                raise ValidationError(self.translator(self.error_message))
            chosen.append(self._values[str(one)])
        return chosen if self.s3_multiple else chosen[0]
