"""Where things are in the checkout. Tests ask here, so that a test file can be moved."""

from __future__ import annotations

from launcher.places import CHECKOUT, application_folder

APPLICATION = application_folder(CHECKOUT)
MODULES = APPLICATION / "modules"
DOCUMENTS = CHECKOUT / "tests" / "conformance" / "documents"
#: Recordings of real sites. They are no part of the checkout: whoever needs them skips where they are missing.
RECORDINGS = CHECKOUT.parent / "shared" / "fixtures"

__all__ = ("APPLICATION", "CHECKOUT", "DOCUMENTS", "MODULES", "RECORDINGS")
