"""Sets a site up from one file (``./eden apply``): reads it, compares it with the site, and stores what differs.

The file is TOML, ``version = 1``. It is read completely, and everything wrong with it is told, before anything is
stored; what differs is stored in one transaction.
"""

from .carry_out import Outcome, carry_out
from .problems import FileRefused, Problem

__all__ = ["FileRefused", "Outcome", "Problem", "carry_out"]
