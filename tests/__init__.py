"""Tests of Eden Sync, and programs that use what they are made of (``python -m tests.simulation``)."""

from __future__ import annotations

from launcher.places import let_modules_be_imported

let_modules_be_imported()
