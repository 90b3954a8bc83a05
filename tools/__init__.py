"""Programs for developers; no site needs them."""

from __future__ import annotations

from launcher.places import let_modules_be_imported

let_modules_be_imported()
