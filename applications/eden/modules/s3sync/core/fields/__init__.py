"""Changes by field: when and where a field was edited, and how the edits of two sites are merged. Pure."""

from __future__ import annotations

from .changes import Change, ChangeKind, Emptied, Folding, fold, former_values, learned
from .edits import EVERY_FIELD, NO_EDITS, Edit, Edits, Stamp, next_time, site_identifier
from .merge import LEFT, Dispute, Merge, Rules, Undated, following, merge, together
from .thinning import thinned

__all__ = [
    "EVERY_FIELD",
    "LEFT",
    "NO_EDITS",
    "Change",
    "ChangeKind",
    "Dispute",
    "Edit",
    "Edits",
    "Emptied",
    "Folding",
    "Merge",
    "Rules",
    "Stamp",
    "Undated",
    "fold",
    "following",
    "former_values",
    "learned",
    "merge",
    "next_time",
    "site_identifier",
    "thinned",
    "together",
]
