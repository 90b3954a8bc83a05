"""Puts the checkout and the modules on the path, for ``s3sync``, ``s3`` and ``tests.support``."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "applications" / "eden" / "modules")]
