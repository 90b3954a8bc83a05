"""The values of a task's columns, and the results in the log."""

from __future__ import annotations

STRATEGIES = ("create", "update", "delete", "merge")
MODE_PULL, MODE_PUSH, MODE_BOTH, MODE_NONE = 1, 2, 3, 4
RESULTS = ("success", "warning", "error", "fatal")
