"""What a run meets when the other site prescribes something else than this one follows."""

from __future__ import annotations

from typing import Any


class AnotherPrescription(Exception):
    """The other site prescribes something else: nothing was exchanged yet, and the tasks may be others now.

    Args:
        told: what it prescribes, as it was told; None for nothing any more.
    """

    def __init__(self, told: Any) -> None:
        super().__init__("The other site prescribes something else.")
        self.told = told
