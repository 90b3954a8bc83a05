"""Programs for whoever works on this checkout; no site needs them."""
