"""The connection to the database, and the preparation of its tables."""
