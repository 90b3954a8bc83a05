"""Many sites, random histories, faults: whatever happened, after every edge has synchronised all sites are equal."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "applications" / "eden" / "modules"), str(ROOT / "tests" / "support")]
