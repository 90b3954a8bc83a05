"""Pages for the records of a table."""
