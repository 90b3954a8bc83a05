"""Programs for developers; no site needs them."""
