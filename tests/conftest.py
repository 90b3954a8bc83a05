"""Puts the checkout and the application's modules on the path: tests import ``s3sync``, ``s3``, ``tests.support``."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "applications" / "eden" / "modules")]
